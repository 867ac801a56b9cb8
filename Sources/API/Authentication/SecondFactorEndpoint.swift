internal import Cryptography
internal import HTTP
internal import Identity
internal import JSON

/// `POST /auth/mfa`: the second factor, for a challenge.
struct SecondFactorEndpoint: Endpoint {
  let signIn: SignIn

  struct Input {
    /// `nil` where it is no credential of ours: the same as an unknown one.
    let challenge: OpaqueCredential?
    let answer: FactorAnswer

    init(_ bytes: [UInt8]) throws {
      let body = try JSONObjectReader(bytes)
      challenge = OpaqueCredential(parsing: try body.string("challenge"), as: .challenge)
      answer = try FactorAnswer(body, to: .some(challenge))
      try body.finish()
    }
  }

  func respond(to call: Call) async throws -> Response {
    let input = try Input(call.request.body)
    var outcome = SignInOutcome.invalidChallenge
    if let challenge = input.challenge {
      outcome = try await signIn.answer(ChallengeAnswer(challenge: challenge, answer: input.answer, context: SignInContext(call)))
    }
    return try SignInAnswer(outcome, requestID: call.request.id).response()
  }
}
