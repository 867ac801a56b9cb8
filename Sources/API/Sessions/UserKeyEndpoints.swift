internal import Cryptography
internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// `POST /auth/keys`: a key of the user's own.
struct NewUserKeyEndpoint: Endpoint {
  let keys: UserKeys

  struct Input {
    let new: UserKeys.New
    let proof: String?

    init(_ bytes: [UInt8]) throws {
      let body = try JSONObjectReader(bytes)
      let name = try body.string("name")
      guard UserKey.isName(name) else { throw body.wrong("name", "expected 1 to 64 characters, without control characters") }
      guard let roles = try body.stringsIfPresent("roles") else { throw body.wrong("roles", "this member is required") }
      guard (1...UserKey.mostRoles).contains(roles.count), roles.allSatisfy(Role.isName) else {
        throw body.wrong("roles", "expected 1 to \(UserKey.mostRoles) names of roles")
      }
      guard let seconds = try body.integerIfPresent("expires_in") else {
        throw body.wrong("expires_in", "this member is required: every key ends")
      }
      let bounds = UserKey.lifetimes
      guard (bounds.lowerBound.inSeconds...bounds.upperBound.inSeconds).contains(seconds) else {
        throw body.wrong("expires_in", "expected seconds from \(bounds.lowerBound.inSeconds) to \(bounds.upperBound.inSeconds)")
      }
      new = UserKeys.New(name: name, roles: roles, lifetime: .seconds(seconds))
      proof = try body.stringIfPresent("proof")
      try body.finish()
    }
  }

  func respond(to call: Call) async throws -> Response {
    let input = try Input(call.request.body)
    let proof = try call.stepUpProof(member: input.proof)
    switch try await keys.add(input.new, proof: proof, call.live(), by: call.provenance) {
    case .added(let key, let text):
      return .json(.created) { json in
        json.object { json in
          json.member("id", "\(key.id)")
          json.member("key", text)
          key.write(to: &json)
          json.member("request_id", call.request.id)
        }
      }
    case .unproven: throw Call.unproven()
    case .roleNotAssigned(let index):
      throw JSONError(pointer: "/roles/\(index)", detail: "this role is not assigned to the user")
    case .tooMany: throw Problem(.conflict, "The user has \(UserKey.mostPerUser) live keys already; end one first.")
    }
  }
}

/// `GET /auth/keys`: the user's live keys, without their secrets.
struct UserKeysEndpoint: Endpoint {
  let keys: UserKeys

  func respond(to call: Call) async throws -> Response {
    let listed = try await keys.list(of: call.live().account.id)
    return .json(.ok) { json in
      json.object { json in
        json.member("keys") { json in
          json.array(listed) { json, key in
            json.object { json in
              json.member("id", "\(key.id)")
              key.write(to: &json)
            }
          }
        }
        json.member("request_id", call.request.id)
      }
    }
  }
}

/// `DELETE /auth/keys/{id}`. Without a proof: whoever holds the session may always take access away.
struct UserKeyEndEndpoint: Endpoint {
  let keys: UserKeys

  func respond(to call: Call) async throws -> Response {
    let live = try call.live()
    guard let id = call.request.parameters.first.flatMap({ UserKey.ID($0) }),
      try await keys.revoke(id, of: live.account.id, by: call.provenance)
    else { throw Problem(.notFound, "The user has no live key of this id; GET /auth/keys lists them.") }
    return .empty(.noContent)
  }
}

extension UserKey {
  fileprivate func write(to json: inout JSONWriter) {
    json.member("name", name)
    json.member("roles", roles)
    json.member("created_at", createdAt.rfc3339())
    json.member("expires_at", expiresAt.rfc3339())
  }
}
