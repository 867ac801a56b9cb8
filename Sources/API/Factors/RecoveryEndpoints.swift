internal import Cryptography
internal import HTTP
internal import Identity
internal import JSON
internal import Primitives
internal import WebAuthn

/// `POST /auth/recovery/start`: asks for a code by mail. The answer is the same whoever is named.
struct RecoveryStartEndpoint: Endpoint {
  let recovery: Recovery

  func respond(to call: Call) async throws -> Response {
    let body = try JSONObjectReader(call.request.body)
    let username = try body.string("username")
    guard (1...254).contains(username.utf8.count) else { throw body.wrong("username", "expected 1 to 254 bytes") }
    try body.finish()
    let withheld = try await recovery.start(username)
    var response = Response.json(.accepted) { json in
      json.object { json in
        json.member("expires_in", RecoveryState.lifetime.inSeconds)
        json.member("request_id", call.request.id)
      }
    }
    response.reason = withheld.map { "no mail: \($0)" }
    return response
  }
}

/// `POST /auth/recovery/options`: what the owner of a mailed code can answer with, and what a browser needs to sign with a passkey.
struct RecoveryOptionsEndpoint: Endpoint {
  let recovery: Recovery

  func respond(to call: Call) async throws -> Response {
    let body = try JSONObjectReader(call.request.body)
    let code = OpaqueCredential(parsing: try body.string("code"), as: .recovery)
    try body.finish()
    guard let code, let options = try await recovery.options(code) else { throw RecoveryFinishEndpoint.refusal(.invalid) }
    return .json(.ok) { json in
      json.object { json in
        json.member("methods", options.methods.map(\.rawValue))
        if let passkey = options.passkey { json.member("webauthn") { json in passkey.write(to: &json) } }
        json.member("request_id", call.request.id)
      }
    }
  }
}

/// `POST /auth/recovery/finish`: the code, a new password and the second factor. No session opens: signing in comes after.
struct RecoveryFinishEndpoint: Endpoint {
  let recovery: Recovery

  struct Input {
    /// `nil` where it is no credential of ours: the same as an unknown one.
    let code: OpaqueCredential?
    let password: Secret
    let answer: FactorAnswer

    init(_ bytes: [UInt8]) throws {
      let body = try JSONObjectReader(bytes)
      code = OpaqueCredential(parsing: try body.string("code"), as: .recovery)
      password = try body.password("password")
      answer = try FactorAnswer(try body.object("mfa"), to: .some(code))
      try body.finish()
    }
  }

  func respond(to call: Call) async throws -> Response {
    let input = try Input(call.request.body)
    var outcome = Recovery.FinishOutcome.invalid
    if let code = input.code { outcome = try await recovery.finish(code, input.password, input.answer, by: call.provenance) }
    guard outcome == .recovered else { throw Self.refusal(outcome) }
    return .empty(.noContent)
  }

  static func refusal(_ outcome: Recovery.FinishOutcome) -> Problem {
    switch outcome {
    case .invalid, .recovered:
      Problem(.invalidChallenge, "The code is unknown, used or over, or the account has changed since. Begin at POST /auth/recovery/start.")
    case .weak(let flaws): .weakPassword(flaws, "/password")
    case .wrong(let left): SignInAnswer.wrongAnswer(left)
    case .locked(let retry): SignInAnswer.locked(retry)
    case .paced(let retry): SignInAnswer.paced(retry)
    case .factorUnavailable:
      Problem(
        .factorUnavailable,
        "The account has no factor of this method that counts here: what the same mailbox receives does not. Where there is no other, the operator helps."
      )
    }
  }
}
