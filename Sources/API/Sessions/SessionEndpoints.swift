internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// `GET /auth/sessions`: where the user is signed in.
struct SessionsEndpoint: Endpoint {
  let sessions: SessionRegister

  func respond(to call: Call) async throws -> Response {
    let live = try call.live()
    let listed = try await sessions.sessions(of: live.account.id)
    return .json(.ok) { json in
      json.object { json in
        json.member("sessions") { json in
          json.array(listed) { json, listed in Self.write(listed, current: live.id, to: &json) }
        }
        json.member("request_id", call.request.id)
      }
    }
  }

  private static func write(_ listed: SessionRegister.Listed, current: Session.ID, to json: inout JSONWriter) {
    let session = listed.session
    json.object { json in
      json.member("id", "\(session.id)")
      json.member("created_at", session.createdAt.rfc3339())
      json.member("last_used_at", session.lastUsedAt.rfc3339())
      json.member("expires_at", session.expiresAt.rfc3339())
      json.member("client_id", session.application.map { "\($0)" } ?? "")
      json.member("address", session.address)
      json.member("user_agent", session.userAgent)
      json.member("device", listed.deviceName)
      json.member("current", session.id == current)
    }
  }
}

/// `POST /auth/logout`: ends this session.
struct LogoutEndpoint: Endpoint {
  let sessions: SessionRegister

  func respond(to call: Call) async throws -> Response {
    try call.requireEmptyObject()
    let live = try call.live()
    _ = try await sessions.logOut(live.id, by: call.provenance)
    return .empty(.noContent)
  }
}

/// `DELETE /auth/sessions/{id}`: ends one of the user's sessions, which may be this one.
struct SessionEndEndpoint: Endpoint {
  let sessions: SessionRegister

  func respond(to call: Call) async throws -> Response {
    let live = try call.live()
    guard let id = call.request.parameters.first.flatMap({ Session.ID($0) }),
      try await sessions.end(id, of: live.account.id, by: call.provenance)
    else { throw Problem(.notFound, "The user has no live session of this id; GET /auth/sessions lists them.") }
    return .empty(.noContent)
  }
}

/// `DELETE /auth/sessions`: ends all of the user's sessions but this one.
struct OtherSessionsEndEndpoint: Endpoint {
  let sessions: SessionRegister

  func respond(to call: Call) async throws -> Response {
    let live = try call.live()
    _ = try await sessions.endOthers(than: live.id, of: live.account.id, by: call.provenance)
    return .empty(.noContent)
  }
}

extension Call {
  /// For a route whose body is `.emptyJSON`: what is there must have no members.
  func requireEmptyObject() throws(JSONError) {
    guard !request.body.isEmpty else { return }
    try JSONObjectReader(request.body).finish()
  }
}
