internal import Cryptography
internal import HTTP
internal import Identity
internal import JSON
internal import Primitives
internal import WebAuthn

/// `POST /auth/step-up`: a challenge for one of the user's factors.
struct StepUpEndpoint: Endpoint {
  let stepUp: StepUp

  func respond(to call: Call) async throws -> Response {
    let purpose = try Self.purpose(call.request.body)
    guard let challenged = try await stepUp.begin(call.live(), for: purpose, by: call.provenance) else {
      throw Problem(.factorUnavailable, "The user has no second factor; ask the operator for an invitation.")
    }
    return .json(.ok) { json in
      json.object { json in
        json.member("challenge", challenged.challenge)
        json.member("methods", challenged.methods.map(\.rawValue))
        json.member("expires_in", challenged.lifetime.inSeconds)
        if let passkey = challenged.passkey { json.member("webauthn") { json in passkey.write(to: &json) } }
        json.member("request_id", call.request.id)
      }
    }
  }

  private static func purpose(_ bytes: [UInt8]) throws -> StepUp.Purpose? {
    guard !bytes.isEmpty else { return nil }
    let body = try JSONObjectReader(bytes)
    let name = try body.stringIfPresent("purpose")
    try body.finish()
    guard let name else { return nil }
    guard let purpose = StepUp.Purpose(rawValue: name) else {
      throw body.wrong("purpose", "expected one of \(StepUp.Purpose.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return purpose
  }
}

/// `POST /auth/step-up/finish`: the factor, for a proof that is good once and a token with a new `auth_time`.
struct StepUpFinishEndpoint: Endpoint {
  let stepUp: StepUp

  func respond(to call: Call) async throws -> Response {
    let input = try SecondFactorEndpoint.Input(call.request.body)
    let live = try call.live()
    var outcome = StepUp.Outcome.invalidChallenge
    if let challenge = input.challenge { outcome = try await stepUp.finish(challenge, input.answer, live, by: call.provenance) }
    guard case .proven(let proven) = outcome else { throw Self.refusal(outcome) }
    return .json(.ok) { json in
      json.object { json in
        json.member("proof", proven.proof)
        json.member("expires_in", proven.proofLifetime.inSeconds)
        json.member("access_token", proven.accessToken)
        json.member("token_type", "Bearer")
        json.member("access_expires_in", proven.accessLifetime.inSeconds)
        json.member("request_id", call.request.id)
      }
    }
  }

  private static func refusal(_ outcome: StepUp.Outcome) -> Problem {
    switch outcome {
    case .wrongAnswer(let left): SignInAnswer.wrongAnswer(left)
    case .locked(let retry): SignInAnswer.locked(retry)
    case .factorUnavailable:
      Problem(.factorUnavailable, "The user has no factor of this method; the challenge's 'methods' lists them.")
    case .rolesDoNotFit:
      Problem(.insufficientPermission, "The user holds more roles by now than fit into a token; sign in again and name the roles.")
    case .invalidChallenge, .proven:
      Problem(.invalidChallenge, "The challenge is unknown, used or expired, or belongs to another session. Begin at POST /auth/step-up.")
    }
  }
}

extension Call {
  /// The proof of a step-up that a change asks for: the member `proof` of its body, or the header `X-Step-Up`. `nil` where neither
  /// is one.
  func stepUpProof(member: String? = nil) throws -> OpaqueCredential? {
    let header = request.headers["x-step-up"]
    guard member == nil || header == nil || member == header else {
      throw Problem(.invalidHeader, "X-Step-Up and the member 'proof' differ; send either.")
    }
    return (member ?? header).flatMap { OpaqueCredential(parsing: $0, as: .proof) }
  }

  static func unproven() -> Problem {
    Problem(
      .reauthenticationRequired,
      "This change asks for a proof: prove a factor at POST /auth/step-up and send 'proof', or X-Step-Up. A proof is good once, in the "
        + "session that made it, for two minutes.", headers: [("WWW-Authenticate", "Bearer error=\"insufficient_user_authentication\"")])
  }
}
