internal import HTTP
internal import Identity

/// Which user is calling: by the access token of a live session, meant for this server.
struct UserChecks: Sendable {
  let gate: BearerGate

  func session(of request: Request) async throws -> LiveSession {
    guard let header = request.headers["authorization"] else {
      throw Problem(.invalidToken, "Send the user's access token as Authorization: Bearer.", headers: [("WWW-Authenticate", "Bearer")])
    }
    guard let token = Bearer.token(in: header) else {
      throw refusal(.invalidToken, "Authorization must be 'Bearer' and one access token.")
    }
    switch try await gate.standing(bearer: token, ofUser: true) {
    case .live(let standing):
      guard let session = LiveSession(standing) else { throw refusal(.revoked, "The session has ended; sign in again.") }
      return session
    case .expired: throw refusal(.expired, "The access token has expired; refresh it, or sign in again.")
    case .ended: throw refusal(.revoked, "The session has ended; sign in again.")
    case .invalid: throw refusal(.invalidToken, "The access token is not one of a user's session, meant for this server.")
    }
  }

  private func refusal(_ code: ProblemCode, _ detail: String) -> Problem {
    Problem(code, detail, headers: [("WWW-Authenticate", "Bearer error=\"invalid_token\"")])
  }
}
