internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// `POST /auth/factors/totp`: a secret for an authenticator app, as text, URI and picture; shown once.
struct TOTPEnrollmentEndpoint: Endpoint {
  let enrollments: Enrollments

  func respond(to call: Call) async throws -> Response {
    let (name, proof) = try Self.input(call.request.body)
    let outcome = try await enrollments.beginTOTP(name: name, by: call.enrollmentAuthority(proof: proof), call.provenance)
    return try EnrollmentAnswer.begun(outcome, call) { json, offered in
      json.member("secret", offered.secret)
      json.member("uri", offered.uri)
      json.member("qr_svg", QRCode(offered.uri)?.svg ?? "")
    }
  }

  private static func input(_ bytes: [UInt8]) throws -> (name: String, proof: String?) {
    guard !bytes.isEmpty else { return ("", nil) }
    let body = try JSONObjectReader(bytes)
    let name = try body.factorName()
    let proof = try body.stringIfPresent("proof")
    try body.finish()
    return (name, proof)
  }
}

/// `POST /auth/factors/totp/{id}/confirm`: a first code shows that the app has the secret.
struct TOTPConfirmationEndpoint: Endpoint {
  let enrollments: Enrollments

  func respond(to call: Call) async throws -> Response {
    let code = try Self.code(call.request.body)
    let outcome = try await enrollments.confirmTOTP(
      try call.identifier("factor"), code: code, by: call.enrollmentAuthority(), SignInContext(call))
    return try EnrollmentAnswer.confirmed(outcome, call)
  }

  /// The body of every confirmation by code: `{"code"}`.
  static func code(_ bytes: [UInt8]) throws -> Secret {
    let body = try JSONObjectReader(bytes)
    let code = try body.secret("code")
    guard (1...64).contains(code.count) else { throw body.wrong("code", "expected 1 to 64 characters") }
    try body.finish()
    return code
  }
}

extension JSONObjectReader {
  /// What the owner calls a factor: the member `name`, which may be absent.
  func factorName() throws(JSONError) -> String {
    let name = try stringIfPresent("name") ?? ""
    guard Factor.isName(name) else {
      throw wrong("name", "expected at most \(Factor.longestName) characters that can be seen")
    }
    return name
  }
}
