import Cryptography
import Primitives
import TestVectors
import Testing
import WebAuthn

@Suite(.enabled(if: OutsideVectors.arePresent, Comment(rawValue: OutsideVectors.absence)))
struct VectorTests {
  @Test("every registration and assertion of the W3C's vectors verifies, with every signature in it", arguments: try VectorPair.all)
  func verifies(pair: VectorPair) throws {
    let (registration, assertion) = try pair.run(try VectorPair.anchors)
    #expect(registration.credentialID == pair.credentialID)
    #expect(assertion.counter == 0)
    let format = registration.attestation.format
    // All that have certificates were issued under the vectors' root; that of `android-key` does not say that hardware holds the key.
    #expect(registration.attestation.isTrusted == (pair.title.hasPrefix("Packed") || ![.none, .packed].contains(format)))
    #expect(
      registration.attestation.isHardware
        == (registration.attestation.isTrusted && format != .androidKey && !registration.flags.contains(.backupEligible)))
  }

  @Test("the file has fifteen pairs, of every format and algorithm that is known here")
  func complete() throws {
    let registrations = try VectorPair.all.map { try $0.register(nil) }
    #expect(registrations.count == 15)
    #expect(Set(registrations.map(\.attestation.format)) == Set(AttestationFormat.allCases))
    #expect(Set(registrations.map(\.algorithm)) == Set(CredentialAlgorithm.allCases))
    #expect(registrations.allSatisfy { !$0.attestation.isTrusted })
  }

  @Test("a page within a page of another origin is refused unless that origin is allowed")
  func frames() throws {
    let strict = RelyingParty(id: "example.org", name: "", origins: ["https://example.org"])
    let other = RelyingParty(id: "example.org", name: "", origins: ["https://example.org"], topOrigins: ["https://example.net"])
    let framed = try VectorPair.all.filter { $0.title.contains("crossOrigin") || $0.title.contains("topOrigin") }
    #expect(framed.count == 2)
    for pair in framed { #expect(throws: WebAuthnError.crossOrigin) { try pair.register(nil, party: strict) } }
    for pair in framed where pair.title.contains("topOrigin") {
      #expect(throws: WebAuthnError.crossOrigin) { try pair.register(nil, party: other) }
    }
  }

  @Test("another origin, relying party, challenge, ceremony or credential is refused", arguments: try VectorPair.all)
  func foreign(pair: VectorPair) throws {
    let key = try CredentialKey(known: COSEKey(pair.register(nil).publicKey).numbers)
    for origin in ["http://example.org", "https://example.org.", "https://example.org:444", "https://EXAMPLE.org", "https://a.example.org"]
    {
      let party = RelyingParty(id: "example.org", name: "", origins: [origin], topOrigins: ["https://example.com"])
      #expect(throws: WebAuthnError.wrongOrigin) { try pair.register(nil, party: party) }
      #expect(throws: WebAuthnError.wrongOrigin) { try pair.assert(by: key, party: party) }
    }
    let party = RelyingParty(id: "org", name: "", origins: ["https://example.org"], topOrigins: ["https://example.com"])
    #expect(throws: WebAuthnError.wrongRelyingParty) { try pair.register(nil, party: party) }
    #expect(throws: WebAuthnError.wrongRelyingParty) { try pair.assert(by: key, party: party) }
    var swapped = pair
    swapped[.registrationClientData] = pair[.assertionClientData]
    swapped[.assertionClientData] = pair[.registrationClientData]
    #expect(throws: WebAuthnError.wrongType) { try swapped.register(nil) }
    #expect(throws: WebAuthnError.wrongType) { try swapped.assert(by: key) }
  }

  @Test("a signature is good for its own key alone")
  func keys() throws {
    let pairs = try VectorPair.all
    let keys = try pairs.map { try CredentialKey(COSEKey($0.register(nil).publicKey).numbers) }
    for (index, pair) in pairs.enumerated() {
      for (other, key) in keys.enumerated() where other != index {
        #expect(throws: WebAuthnError.badSignature) { try pair.assert(by: key) }
      }
    }
  }

  @Test("an algorithm that was not offered, and user verification that did not happen, are refused")
  func demands() throws {
    let pair = try #require(VectorPair.all.first { $0.title.contains("Ed448") })
    let response = RegistrationResponse(
      credentialID: pair.credentialID, clientData: pair[.registrationClientData], attestation: pair[.attestationObject])
    func register(_ algorithms: [CredentialAlgorithm], _ isRequired: Bool) throws {
      _ = try RegisteredCredential(
        verifying: response,
        RegisteredCredential.Expectation(
          challenge: pair.registrationChallenge, party: VectorPair.party, algorithms: algorithms,
          isUserVerificationRequired: isRequired, anchors: nil, instant: Instant(unixSeconds: 1_800_000_000)))
    }
    #expect(throws: WebAuthnError.unsupportedAlgorithm) { try register([.es256, .edDSA, .rs256], false) }
    #expect(throws: WebAuthnError.userNotVerified) { try register(CredentialAlgorithm.allCases, true) }
    try register(CredentialAlgorithm.allCases, false)
  }
}
