internal import HTTP
internal import Identity

/// Whether the caller may do what the route asks for: by an access token meant for this server, of a user's live session or of
/// an application, whose roles allow it now, whatever the token says.
struct PermissionChecks: Sendable {
  let gate: BearerGate

  func standing(of request: Request, for needed: OwnPermission) async throws -> Standing {
    let standing = try await standing(of: request)
    guard let permission = needed.permission, standing.active.allows(permission) else {
      throw Problem(
        .insufficientPermission, "This call needs the permission \(needed.rawValue), which the caller's roles do not give.",
        headers: [("WWW-Authenticate", "Bearer error=\"insufficient_scope\", scope=\"\(needed.rawValue)\"")])
    }
    return standing
  }

  private func standing(of request: Request) async throws -> Standing {
    guard let header = request.headers["authorization"] else {
      throw Problem(.invalidToken, "Send an access token of a user or an application as Authorization: Bearer.")
    }
    guard let token = Bearer.token(in: header) else {
      throw refusal(.invalidToken, "Authorization must be 'Bearer' and one access token.")
    }
    switch try await gate.standing(bearer: token) {
    case .live(let standing): return standing
    case .expired: throw refusal(.expired, "The access token has expired; refresh it, or get another.")
    case .ended: throw refusal(.revoked, "The session has ended, or whoever the token was given to is disabled or gone.")
    case .invalid: throw refusal(.invalidToken, "The access token is not one of this server's, meant for this server.")
    }
  }

  private func refusal(_ code: ProblemCode, _ detail: String) -> Problem {
    Problem(code, detail, headers: [("WWW-Authenticate", "Bearer error=\"invalid_token\"")])
  }
}
