internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// `GET /auth/devices`: the devices that the account knows.
struct DevicesEndpoint: Endpoint {
  let devices: Devices

  func respond(to call: Call) async throws -> Response {
    let live = try call.live()
    let listed = try await devices.list(of: live.account.id)
    return .json(.ok) { json in
      json.object { json in
        json.member("devices") { json in
          json.array(listed) { json, device in
            json.object { json in
              json.member("id", "\(device.id)")
              json.member("name", device.name)
              json.member("created_at", device.createdAt.rfc3339())
              json.member("last_used_at", device.lastUsedAt.rfc3339())
              json.member("expires_at", device.expiresAt.rfc3339())
              json.member("current", device.id == live.session.device)
            }
          }
        }
        json.member("request_id", call.request.id)
      }
    }
  }
}

/// `DELETE /auth/devices/{id}`: the device's token is evidence no more.
struct DeviceEndEndpoint: Endpoint {
  let devices: Devices

  func respond(to call: Call) async throws -> Response {
    let live = try call.live()
    guard try await devices.forget(call.identifier("device"), of: live.account.id, by: call.provenance) else {
      throw Problem.unknown("device")
    }
    return .empty(.noContent)
  }
}
