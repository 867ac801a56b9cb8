internal import Cryptography
internal import HTTP
internal import Identity
internal import JSON
internal import Primitives
internal import WebAuthn

/// `POST /auth/passkey/options`: what a browser needs for a sign-in that begins without a name.
struct PasskeyOptionsEndpoint: Endpoint {
  let signIn: SignIn

  func respond(to call: Call) async throws -> Response {
    try call.requireEmptyObject()
    let request = try signIn.beginPasskey(for: call.application)
    return .json(.ok) { json in
      json.object { json in
        json.member("challenge", request.challenge)
        json.member("expires_in", request.lifetime.inSeconds)
        json.member("webauthn") { json in request.options.write(to: &json) }
        json.member("request_id", call.request.id)
      }
    }
  }
}

/// `POST /auth/passkey`: a passkey that verifies its user, in the place of username, password and second factor.
struct PasskeyEndpoint: Endpoint {
  let signIn: SignIn
  let issuer: String

  struct Input {
    /// `nil` where it is no credential of ours: the same as an unknown one.
    let challenge: OpaqueCredential?
    let response: AssertionResponse
    let session: RequestedSession

    init(_ call: Call, issuer: String) throws {
      let body = try JSONObjectReader(call.request.body)
      challenge = OpaqueCredential(parsing: try body.string("challenge"), as: .challenge)
      response = try body.assertion("credential")
      session = try RequestedSession(body, in: SignInContext(call), issuer: issuer)
      try body.finish()
    }
  }

  func respond(to call: Call) async throws -> Response {
    let input = try Input(call, issuer: issuer)
    var outcome = SignInOutcome.invalidChallenge
    if let challenge = input.challenge {
      outcome = try await signIn.answerPasskey(
        PasskeySignInRequest(
          challenge: challenge, response: input.response, context: SignInContext(call), session: input.session))
    }
    return try SignInAnswer(outcome, requestID: call.request.id).response()
  }
}

extension JSONObjectReader {
  /// A member that holds an `AuthenticationResponseJSON`.
  func assertion(_ name: String) throws -> AssertionResponse {
    try credential(name) { value throws(WebAuthnError) in try AssertionResponse(value) }
  }

  /// A member that holds a `RegistrationResponseJSON`.
  func registration(_ name: String) throws -> RegistrationResponse {
    try credential(name) { value throws(WebAuthnError) in try RegistrationResponse(value) }
  }

  /// Members that browsers add are allowed inside.
  private func credential<Credential>(_ name: String, _ read: (JSONValue) throws(WebAuthnError) -> Credential) throws -> Credential {
    guard let value = valueIfPresent(name) else { throw wrong(name, "this member is required: what the browser's toJSON() gives") }
    do {
      return try read(value)
    } catch {
      guard case .malformed(let part) = error else { throw wrong(name, "expected what the browser's toJSON() gives") }
      throw wrong(name, "expected what the browser's toJSON() gives; look at '\(part)'")
    }
  }
}
