internal import Cryptography

/// `apple` (WebAuthn, section 8.8): a certificate for the credential's own key that holds what it was made for.
struct AppleStatement: AttestationStatement {
  private let certificates: [Certificate]

  private static let nonceExtension = "1.2.840.113635.100.8.2"

  init(_ reading: StatementReading) throws(WebAuthnError) {
    try reading.require(["x5c"])
    certificates = try reading.certificates()
  }

  func verify(_ subject: AttestationSubject) throws(WebAuthnError) -> [Certificate] {
    // SEQUENCE { [1] { OCTET STRING of 32 bytes } }
    let nonce = [0x30, 0x24, 0xA1, 0x22, 0x04, 0x20] + Digest.sha256(subject.signedBytes)
    guard certificates[0].extension(Self.nonceExtension)?.value == nonce else { throw .badAttestation("nonce") }
    try AttestationCertificate(certificates[0]).checkKey(is: subject.key)
    return certificates
  }
}
