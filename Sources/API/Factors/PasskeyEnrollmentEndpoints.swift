internal import Cryptography
internal import HTTP
internal import Identity
internal import JSON
internal import Primitives
internal import WebAuthn

/// `POST /auth/factors/webauthn/options`: what a browser needs to make a passkey. Takes the proof.
struct PasskeyOfferEndpoint: Endpoint {
  let enrollments: Enrollments

  func respond(to call: Call) async throws -> Response {
    var proof: String?
    if !call.request.body.isEmpty {
      let body = try JSONObjectReader(call.request.body)
      proof = try body.stringIfPresent("proof")
      try body.finish()
    }
    let outcome = try await enrollments.beginPasskey(by: call.enrollmentAuthority(proof: proof), call.provenance)
    return try EnrollmentAnswer.begun(outcome, call) { json, offered in
      json.member("challenge", offered.challenge)
      json.member("webauthn") { json in offered.options.write(to: &json) }
    }
  }
}

/// `POST /auth/factors/webauthn`: the passkey that the browser made.
struct PasskeyConfirmationEndpoint: Endpoint {
  let enrollments: Enrollments

  struct Input {
    let challenge: OpaqueCredential?
    let name: String
    let response: RegistrationResponse

    init(_ bytes: [UInt8]) throws {
      let body = try JSONObjectReader(bytes)
      challenge = OpaqueCredential(parsing: try body.string("challenge"), as: .challenge)
      name = try body.factorName()
      response = try body.registration("credential")
      try body.finish()
    }
  }

  func respond(to call: Call) async throws -> Response {
    let input = try Input(call.request.body)
    var outcome = Enrollments.PasskeyOutcome.concluded(.unknown, nil)
    if let challenge = input.challenge {
      outcome = try await enrollments.confirmPasskey(
        challenge, name: input.name, input.response, by: call.enrollmentAuthority(), SignInContext(call))
    }
    switch outcome {
    case .alreadyThere: throw Problem(.conflict, "This passkey is enrolled already.")
    case .concluded(.unknown, _):
      throw Problem(
        .invalidChallenge, "The challenge is unknown, used or expired, or another's. Begin at POST /auth/factors/webauthn/options.")
    case .concluded(.wrong(let left), let reason?):
      throw Problem(.invalidChallengeResponse, "The passkey is refused: \(reason.explanation).") { $0.member("attempts_left", left) }
    case .concluded(let outcome, _): return try EnrollmentAnswer.confirmed(outcome, call)
    }
  }
}

extension WebAuthnError {
  /// For whoever sets up a page or a server. The caller is known here, so that nothing has to be kept from it.
  fileprivate var explanation: String {
    switch self {
    case .malformed(let part): "'\(part)' is not of the form that it has to have"
    case .wrongType: "it is not the answer to a registration"
    case .wrongChallenge: "it answers another challenge"
    case .wrongOrigin: "webauthn.origins does not list the page's origin"
    case .crossOrigin: "the page stands within a page of another origin"
    case .wrongRelyingParty: "it was made for another relying party than webauthn.rpId"
    case .userNotPresent: "nobody touched the authenticator"
    case .userNotVerified: "the authenticator did not verify its user"
    case .unsupportedAlgorithm: "its algorithm was not offered"
    case .unusableKey: "its key is not sound"
    case .wrongCredential: "it is about another credential"
    case .badSignature: "its signature is wrong"
    case .unsupportedAttestation: "its form of attestation is not known here"
    case .badAttestation(let rule): "its attestation does not hold (\(rule))"
    }
  }
}
