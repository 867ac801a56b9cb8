internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// `GET /auth/me`: who the caller is, and what this session may do.
struct MeEndpoint: Endpoint {
  let accounts: Accounts

  func respond(to call: Call) async throws -> Response {
    let live = try call.live()
    let factors = try await accounts.factors(of: live.account.id).filter(\.isConfirmed)
    return .json(.ok) { json in
      json.object { json in
        json.member("user") { json in
          json.object { json in
            json.member("id", "\(live.account.id)")
            json.member("username", live.account.username.text)
            json.member("email", ifPresent: live.account.email)
            json.member("phone", ifPresent: live.account.phone)
          }
        }
        json.member("session") { json in Self.write(live.session, to: &json) }
        json.member("roles", live.active.roles)
        json.member("permissions", live.active.permissions)
        json.member("factors") { json in
          json.array(factors) { json, factor in
            json.object { json in
              json.member("id", "\(factor.id)")
              json.member("method", factor.method.rawValue)
              json.member("created_at", factor.createdAt.rfc3339())
              json.member("last_used_at", ifPresent: factor.lastUsedAt?.rfc3339())
            }
          }
        }
        json.member("request_id", call.request.id)
      }
    }
  }

  private static func write(_ session: Session, to json: inout JSONWriter) {
    json.object { json in
      json.member("id", "\(session.id)")
      json.member("created_at", session.createdAt.rfc3339())
      json.member("last_used_at", session.lastUsedAt.rfc3339())
      json.member("authenticated_at", session.authenticatedAt.rfc3339())
      json.member("expires_at", session.expiresAt.rfc3339())
      json.member("client_id", ifPresent: session.application.map { "\($0)" })
      json.member("amr", session.amr)
      json.member("acr", session.acr)
    }
  }
}
