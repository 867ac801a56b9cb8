internal import HTTP
package import Identity
package import JSON
internal import Persistence
internal import Primitives

/// `/admin/v1/sessions` and `/admin/v1/users/{id}/sessions`: who is signed in.
struct SessionResource: Sendable {
  let sessions: SessionRegister
  let accounts: Accounts

  static let noun = "live session"

  /// In the order in which they began.
  func list(_ call: Call) async throws -> Response {
    let request = try PageRequest(call.request)
    let position = try request.position(from: nil) { text in Session.ID(text).map { Optional($0) } }
    let rows = try await sessions.sessions(after: position, limit: request.limit + 1)
    return .page(Page(rows, limit: request.limit) { "\($0.session.id)" }) { json, listed in json.session(listed) }
  }

  func end(_ call: Call) async throws -> Response {
    guard try await sessions.end(try call.identifier(Self.noun), by: call.provenance) else { throw Problem.unknown(Self.noun) }
    return .empty(.noContent)
  }

  /// The newest first.
  func listOfUser(_ call: Call) async throws -> Response {
    let rows = try await sessions.sessions(of: try await user(call))
    return .page(Page(whole: rows)) { json, listed in json.session(listed) }
  }

  func endAllOfUser(_ call: Call) async throws -> Response {
    _ = try await sessions.endAll(of: try await user(call), by: call.provenance)
    return .empty(.noContent)
  }

  private func user(_ call: Call) async throws -> Account.ID {
    let id: Account.ID = try call.identifier(UserResource.noun)
    guard try await accounts.account(id) != nil else { throw Problem.unknown(UserResource.noun) }
    return id
  }
}

extension JSONWriter {
  /// As the operator sees it: here and in `session list --json`.
  package mutating func session(_ listed: SessionRegister.Listed) {
    let session = listed.session
    object { json in
      json.member("id", "\(session.id)")
      json.member("user_id", "\(session.account)")
      json.member("username", listed.username.text)
      json.member("client_id", ifPresent: session.application.map { "\($0)" })
      json.member("created_at", session.createdAt.rfc3339())
      json.member("last_used_at", session.lastUsedAt.rfc3339())
      json.member("expires_at", session.expiresAt.rfc3339())
      json.member("address", session.address)
      json.member("user_agent", session.userAgent)
      json.member("device", listed.deviceName)
    }
  }
}
