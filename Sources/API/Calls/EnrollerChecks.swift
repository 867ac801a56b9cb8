internal import Cryptography
internal import HTTP
internal import Identity

/// Who sets up a factor: whoever holds an enrolment token, or a user by the access token of a live session.
struct EnrollerChecks: Sendable {
  let users: UserChecks
  let enrollments: Enrollments

  func caller(of request: Request) async throws -> (Caller, Account) {
    guard let token = request.headers["authorization"].flatMap({ Bearer.token(in: $0) }),
      let credential = OpaqueCredential(parsing: token, as: .enrollment)
    else {
      let session = try await users.session(of: request)
      return (.user(session), session.account)
    }
    guard let enrollee = try await enrollments.enrollee(credential) else {
      throw Self.ended
    }
    return (.enrollee(enrollee), enrollee.account)
  }

  static var ended: Problem {
    Problem(
      .invalidToken,
      "The enrolment token is used or over. Sign in, where a factor was confirmed by it; else accept the invitation again.",
      headers: [("WWW-Authenticate", "Bearer error=\"invalid_token\"")])
  }
}
