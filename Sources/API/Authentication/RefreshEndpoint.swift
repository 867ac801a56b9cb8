internal import Cryptography
internal import HTTP
internal import Identity
internal import JSON

/// `POST /auth/refresh`: a refresh token for a new pair of tokens.
struct RefreshEndpoint: Endpoint {
  let refreshing: Refreshing

  struct Input {
    /// `nil` where it is no credential of ours: the same as an unknown one.
    let token: OpaqueCredential?

    init(_ bytes: [UInt8]) throws {
      let body = try JSONObjectReader(bytes)
      token = OpaqueCredential(parsing: try body.string("refresh_token"), as: .refreshToken)
      try body.finish()
    }
  }

  func respond(to call: Call) async throws -> Response {
    let input = try Input(call.request.body)
    var outcome = Refreshing.Outcome.unknown
    if let token = input.token { outcome = try await refreshing.refresh(Refreshing.Request(token: token, context: SignInContext(call))) }
    if case .refreshed(let signedIn) = outcome { return SignInAnswer.success(signedIn, call.request.id) }
    throw Self.refusal(outcome)
  }

  private static func refusal(_ outcome: Refreshing.Outcome) -> Problem {
    switch outcome {
    case .over: problem(.expired, "The session was not refreshed in time, or has reached its end; sign in again.")
    case .ended: problem(.revoked, "The session has ended; sign in again.")
    case .reused:
      problem(
        .refreshTokenReused, "This refresh token was used before: two hold it, and the session has ended. Sign in again.")
    case .rolesDoNotFit:
      Problem(.insufficientPermission, "The user holds more roles by now than fit into a token; sign in again and name the roles.")
    case .unknown, .refreshed, .scopeNotHeld:
      problem(.invalidToken, "The refresh token is not one of a session that this application opened; sign in again.")
    }
  }

  private static func problem(_ code: ProblemCode, _ detail: String) -> Problem {
    Problem(code, detail, headers: [("WWW-Authenticate", "Bearer error=\"invalid_token\"")])
  }
}
