internal import Cryptography

/// `fido-u2f` (WebAuthn, section 8.6): security keys from before CTAP2. Signs neither flags nor counter nor model.
struct U2FStatement: AttestationStatement {
  private let signature: [UInt8]
  private let certificates: [Certificate]

  init(_ reading: StatementReading) throws(WebAuthnError) {
    try reading.require(["sig", "x5c"])
    signature = try reading.bytes("sig")
    certificates = try reading.certificates()
  }

  func verify(_ subject: AttestationSubject) throws(WebAuthnError) -> [Certificate] {
    guard certificates.count == 1 else { throw .badAttestation("x5c") }
    guard case .ellipticCurve(.p256, let x, let y) = subject.credential.key.numbers else { throw .badAttestation("credential's key") }
    let signed = [0] + subject.data.relyingPartyHash + subject.clientDigest + subject.credential.id + [0x04] + x + y
    try AttestationCertificate(certificates[0]).check(signature, over: signed, .es256)
    return certificates
  }
}
