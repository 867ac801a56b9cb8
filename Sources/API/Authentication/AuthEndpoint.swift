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
    let roles: [String]?
    let audience: String?
    let deviceToken: OpaqueCredential?
    let deviceName: String

    init(_ bytes: [UInt8]) throws {
      let body = try JSONObjectReader(bytes)
      username = try body.string("username")
      guard (1...254).contains(username.utf8.count) else { throw body.wrong("username", "expected 1 to 254 bytes") }
      password = try body.secret("password")
      guard (1...1_024).contains(password.count) else { throw body.wrong("password", "expected 1 to 256 characters") }
      answer = try body.objectIfPresent("mfa").map { try FactorAnswer($0) }
      roles = try body.stringsIfPresent("roles")
      guard roles.map({ (1...64).contains($0.count) && $0.allSatisfy(Role.isName) }) ?? true else {
        throw body.wrong("roles", "expected 1 to 64 names of roles; leave it out to activate all")
      }
      audience = try body.stringIfPresent("audience")
      // A device token that is malformed is no evidence, which is no error: the client may hold one of another server.
      deviceToken = try body.stringIfPresent("device_token").flatMap { OpaqueCredential(parsing: $0, as: .deviceToken) }
      deviceName = try body.deviceName()
      try body.finish()
    }
  }

  func respond(to call: Call) async throws -> Response {
    let input = try Input(call.request.body)
    let audience = try audience(of: input, call.application)
    let outcome = try await signIn.begin(
      SignInRequest(
        username: input.username, password: input.password, answer: input.answer, context: SignInContext(call), roles: input.roles,
        audience: audience, deviceToken: input.deviceToken, deviceName: input.deviceName))
    return try SignInAnswer(outcome, requestID: call.request.id).response()
  }

  private func audience(of input: Input, _ application: Application?) throws -> String {
    guard let audience = input.audience, audience != issuer else { return issuer }
    guard let application, application.audiences.contains(audience) else {
      throw JSONError(
        pointer: "/audience",
        detail: "this application may not ask for that audience; PATCH /admin/v1/apps/{id} or 'app set --audience' allows one"
      )
    }
    return audience
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
