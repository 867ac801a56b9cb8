package import Cryptography
package import Primitives

/// A credential that has been verified (WebAuthn, section 7.1), as it is to be stored.
package struct RegisteredCredential: Sendable {
  package let credentialID: [UInt8]
  /// COSE, as the authenticator wrote it.
  package let publicKey: [UInt8]
  package let algorithm: CredentialAlgorithm
  package let counter: UInt32
  /// AAGUID, 16 bytes.
  package let model: [UInt8]
  package let flags: AuthenticatorData.Flags
  package let transports: [RegistrationResponse.Transport]
  package let isDiscoverable: Bool
  package let attestation: Attestation

  package struct Attestation: Sendable, Equatable {
    package let format: AttestationFormat
    /// A chain of certificates leads to an anchor that the operator trusts. Without it a statement proves nothing.
    package let isTrusted: Bool
    /// The trusted statement says that hardware holds the key, and the key cannot leave it.
    package let isHardware: Bool
  }

  /// What a registration has to be.
  package struct Expectation: Sendable {
    package let challenge: [UInt8]
    package let party: RelyingParty
    package let algorithms: [CredentialAlgorithm]
    package let isUserVerificationRequired: Bool
    /// `nil` where no attestation is believed.
    package let anchors: TrustAnchors?
    package let instant: Instant

    package init(
      challenge: [UInt8], party: RelyingParty, algorithms: [CredentialAlgorithm], isUserVerificationRequired: Bool, anchors: TrustAnchors?,
      instant: Instant
    ) {
      self.challenge = challenge
      self.party = party
      self.algorithms = algorithms
      self.isUserVerificationRequired = isUserVerificationRequired
      self.anchors = anchors
      self.instant = instant
    }
  }

  package init(verifying response: RegistrationResponse, _ expected: Expectation) throws(WebAuthnError) {
    let client = try ClientData(response.clientData, for: .create, challenge: expected.challenge, party: expected.party)
    let object = try AttestationObject(response.attestation)
    let data = object.data
    try expected.party.check(data, userVerification: expected.isUserVerificationRequired)
    guard let credential = data.credential else { throw .malformed("authenticatorData") }
    guard credential.id == response.credentialID else { throw .wrongCredential }
    guard expected.algorithms.contains(credential.key.algorithm) else { throw .unsupportedAlgorithm }
    guard let key = try? CredentialKey(credential.key.numbers) else { throw .unusableKey }
    let subject = AttestationSubject(data: data, credential: credential, key: key, clientDigest: client.digest)
    let chain = try object.statement.verify(subject)
    let isTrusted = expected.anchors?.areTrusting(chain, at: expected.instant) == true
    attestation = Attestation(
      format: object.format, isTrusted: isTrusted,
      isHardware: isTrusted && object.statement.isAboutHardware && !data.flags.contains(.backupEligible))
    credentialID = credential.id
    publicKey = credential.keyBytes
    algorithm = credential.key.algorithm
    counter = data.counter
    model = credential.model
    flags = data.flags
    transports = response.transports
    isDiscoverable = response.isDiscoverable
  }
}
