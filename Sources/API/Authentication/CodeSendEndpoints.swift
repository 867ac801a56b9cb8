internal import Cryptography
internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// `POST /auth/mfa/send`: a code by mail or SMS, for the challenge of a sign-in.
struct CodeSendEndpoint: Endpoint {
  let codes: CodeSending

  func respond(to call: Call) async throws -> Response {
    let input = try CodeSendInput(call.request.body)
    guard let challenge = input.challenge else { throw CodeSendAnswer.invalidChallenge }
    return try CodeSendAnswer.response(try await codes.send(challenge, input.method, SignInContext(call)), call)
  }
}

/// `POST /auth/step-up/send`: the same for the challenge of a step-up.
struct StepUpSendEndpoint: Endpoint {
  let codes: CodeSending

  func respond(to call: Call) async throws -> Response {
    let input = try CodeSendInput(call.request.body)
    let live = try call.live()
    guard let challenge = input.challenge else { throw CodeSendAnswer.invalidChallenge }
    return try CodeSendAnswer.response(try await codes.send(challenge, input.method, live, SignInContext(call)), call)
  }
}

/// `POST /auth/recovery/send`: the same for a recovery, by the code that was mailed for it.
struct RecoverySendEndpoint: Endpoint {
  let codes: CodeSending

  func respond(to call: Call) async throws -> Response {
    let body = try JSONObjectReader(call.request.body)
    let code = OpaqueCredential(parsing: try body.string("code"), as: .recovery)
    let method = try body.sentMethod()
    try body.finish()
    guard let code else { throw CodeSendAnswer.invalidChallenge }
    return try CodeSendAnswer.response(
      try await codes.send(recovery: code, method, SignInContext(call)), call, listed: "POST /auth/recovery/options lists them")
  }
}

extension JSONObjectReader {
  /// The member `method`, of those whose codes are sent.
  fileprivate func sentMethod() throws(JSONError) -> FactorMethod {
    guard let method = FactorMethod(rawValue: try string("method")), method.channel != nil else {
      throw wrong("method", "expected email or sms")
    }
    return method
  }
}

private struct CodeSendInput {
  /// `nil` where it is no credential of ours: the same as an unknown one.
  let challenge: OpaqueCredential?
  let method: FactorMethod

  init(_ bytes: [UInt8]) throws {
    let body = try JSONObjectReader(bytes)
    challenge = OpaqueCredential(parsing: try body.string("challenge"), as: .challenge)
    method = try body.sentMethod()
    try body.finish()
  }
}

/// The same bytes whether a code went out or was held back.
private enum CodeSendAnswer {
  /// `listed`: where the methods stand.
  static func response(
    _ outcome: CodeSending.Outcome, _ call: Call, listed: String = "the challenge's 'methods' lists them"
  ) throws -> Response {
    switch outcome {
    case .sent(let address, let lifetime):
      return .json(.accepted) { json in
        json.object { json in
          json.member("sent_to", address)
          json.member("expires_in", lifetime.inSeconds)
          json.member("request_id", call.request.id)
        }
      }
    case .invalidChallenge: throw invalidChallenge
    case .factorUnavailable:
      throw Problem(.factorUnavailable, "The user has no factor of this method that counts here; \(listed).")
    }
  }

  static var invalidChallenge: Problem {
    Problem(.invalidChallenge, "The challenge is unknown, used or expired, or belongs to another application or session. Begin again.")
  }
}
