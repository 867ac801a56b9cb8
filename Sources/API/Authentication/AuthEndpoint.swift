internal import Cryptography
internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// `POST /auth`: username, password and, in the one-call form, the second factor.
struct AuthEndpoint: Endpoint {
  let signIn: SignIn
  let issuer: String

  struct Input {
    let username: String
    let password: Secret
    let answer: FactorAnswer?
    let session: RequestedSession

    init(_ call: Call, issuer: String) throws {
      let body = try JSONObjectReader(call.request.body)
      username = try body.string("username")
      guard (1...254).contains(username.utf8.count) else { throw body.wrong("username", "expected 1 to 254 bytes") }
      password = try body.secret("password")
      guard (1...1_024).contains(password.count) else { throw body.wrong("password", "expected 1 to 256 characters") }
      answer = try body.objectIfPresent("mfa").map { try FactorAnswer($0) }
      session = try RequestedSession(body, in: SignInContext(call), issuer: issuer)
      try body.finish()
    }
  }

  func respond(to call: Call) async throws -> Response {
    let input = try Input(call, issuer: issuer)
    let outcome = try await signIn.begin(
      SignInRequest(
        username: input.username, password: input.password, answer: input.answer, context: SignInContext(call), session: input.session))
    return try SignInAnswer(outcome, requestID: call.request.id).response()
  }
}

extension SignInContext {
  init(_ call: Call) {
    self.init(application: call.application, provenance: call.provenance, userAgent: call.userAgent)
  }
}

extension FactorAnswer {
  /// Reads `method` and `code`, or for a passkey `credential`, which answers `challenge`. In one call, and wherever nothing is
  /// signed, a passkey is `factor_unavailable`.
  init(_ object: JSONObjectReader, to challenge: OpaqueCredential?? = nil) throws {
    let name = try object.string("method")
    if name == FactorMethod.webauthn.rawValue {
      guard let sent = challenge else { throw Problem(.factorUnavailable, "A passkey signs a challenge: leave 'mfa' out to get one.") }
      let response = try object.assertion("credential")
      guard let own = sent else {
        // Not one of ours: nothing of this is looked at.
        self.init(method: .webauthn, code: Secret(copying: [UInt8]()))
        return
      }
      self.init(PasskeyAnswer(response, to: own))
      return
    }
    let code = try object.secret("code")
    guard let method = FactorMethod(rawValue: name) else {
      let known = FactorMethod.allCases.map(\.rawValue).joined(separator: ", ")
      throw object.wrong("method", "expected one of \(known)")
    }
    guard (1...64).contains(code.count) else { throw object.wrong("code", "expected 1 to 64 characters") }
    self.init(method: method, code: code)
  }
}
