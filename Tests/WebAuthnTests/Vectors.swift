import Cryptography
import JSON
import Primitives
import TestVectors
import Testing
import WebAuthn

/// A registration and an assertion by the new credential, from the test vectors of WebAuthn level 3.
struct VectorPair: Sendable, CustomTestStringConvertible {
  let title: String
  let registrationChallenge: [UInt8]
  let credentialID: [UInt8]
  let assertionChallenge: [UInt8]
  var parts: [Part: [UInt8]]

  /// The bytes that a browser would send.
  enum Part: String, Sendable, CaseIterable {
    case registrationClientData, attestationObject, assertionClientData, authenticatorData, signature
  }

  var testDescription: String { title }

  /// The certificate under which the vectors' attestations were issued.
  static var anchors: TrustAnchors {
    get throws {
      let sections = try #require(OutsideVectors.load("webauthn-l3.json")["sections"]?.elements)
      let root = try bytes(try #require(sections[0]["blocks"]?.elements?[0]["values"]), "attestation_ca_cert")
      return try TrustAnchors([try #require(Certificate(der: root))])
    }
  }

  static var all: [VectorPair] {
    get throws {
      guard OutsideVectors.arePresent else { return [] }
      let sections = try #require(OutsideVectors.load("webauthn-l3.json")["sections"]?.elements)
      return try sections.compactMap(pair)
    }
  }

  /// The party that the vectors were made for.
  static let party = RelyingParty(
    id: "example.org", name: "", origins: ["https://example.org"], topOrigins: ["https://example.com"])

  func register(_ anchors: TrustAnchors?, party: RelyingParty = Self.party) throws(WebAuthnError) -> RegisteredCredential {
    try RegisteredCredential(
      verifying: RegistrationResponse(
        credentialID: credentialID, clientData: self[.registrationClientData], attestation: self[.attestationObject]),
      RegisteredCredential.Expectation(
        challenge: registrationChallenge, party: party, algorithms: CredentialAlgorithm.allCases, isUserVerificationRequired: false,
        anchors: anchors, instant: Instant(unixSeconds: 1_800_000_000)))
  }

  func assert(by key: CredentialKey, party: RelyingParty = Self.party) throws(WebAuthnError) -> Assertion {
    try Assertion(
      verifying: AssertionResponse(
        credentialID: credentialID, userHandle: nil, clientData: self[.assertionClientData],
        authenticatorData: self[.authenticatorData], signature: self[.signature]), by: key,
      Assertion.Expectation(challenge: assertionChallenge, party: party, isUserVerificationRequired: false))
  }

  /// Registers the credential and asserts with it.
  func run(_ anchors: TrustAnchors?) throws -> (RegisteredCredential, Assertion) {
    let registration = try register(anchors)
    let key = try CredentialKey(known: COSEKey(registration.publicKey).numbers)
    return (registration, try assert(by: key))
  }

  subscript(part: Part) -> [UInt8] {
    get { parts[part, default: []] }
    set { parts[part] = newValue }
  }

  private static func pair(_ section: JSONValue) throws -> VectorPair? {
    guard let blocks = section["blocks"]?.elements, blocks.count == 2, blocks[0]["kind"]?.string == "registration",
      let first = blocks[0]["values"], let second = blocks[1]["values"]
    else { return nil }
    return VectorPair(
      title: try #require(section["title"]?.string), registrationChallenge: try bytes(first, "challenge"),
      credentialID: try bytes(first, "credential_id"), assertionChallenge: try bytes(second, "challenge"),
      parts: [
        .registrationClientData: try bytes(first, "clientDataJSON"), .attestationObject: try bytes(first, "attestationObject"),
        .assertionClientData: try bytes(second, "clientDataJSON"), .authenticatorData: try bytes(second, "authenticatorData"),
        .signature: try bytes(second, "signature"),
      ])
  }

  private static func bytes(_ value: JSONValue, _ name: String) throws -> [UInt8] {
    try #require(value[name]?.string.flatMap { Hex.decode($0) })
  }
}
