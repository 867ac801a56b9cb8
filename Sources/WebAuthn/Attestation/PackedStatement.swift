internal import Cryptography

/// `packed` (WebAuthn, section 8.2): by a key with a certificate, or by the credential itself.
struct PackedStatement: AttestationStatement {
  private let algorithm: CredentialAlgorithm
  private let signature: [UInt8]
  /// None for self attestation.
  private let certificates: [Certificate]

  init(_ reading: StatementReading) throws(WebAuthnError) {
    let isSelf = !reading.has("x5c")
    try reading.require(isSelf ? ["alg", "sig"] : ["alg", "sig", "x5c"])
    algorithm = try reading.algorithm()
    signature = try reading.bytes("sig")
    certificates = isSelf ? [] : try reading.certificates()
  }

  func verify(_ subject: AttestationSubject) throws(WebAuthnError) -> [Certificate] {
    guard let first = certificates.first else {
      guard algorithm == subject.key.algorithm else { throw .badAttestation("algorithm") }
      guard subject.key.isValid(signature, over: subject.signedBytes) else { throw .badAttestation("signature") }
      return []
    }
    let leaf = AttestationCertificate(first)
    try leaf.check(signature, over: subject.signedBytes, algorithm)
    try leaf.checkLeaf()
    try leaf.checkModel(is: subject.credential.model)
    try Self.checkSubject(of: first)
    return certificates
  }

  /// WebAuthn, section 8.2.1: country, vendor, the words "Authenticator Attestation", and a name.
  private static func checkSubject(of certificate: Certificate) throws(WebAuthnError) {
    guard certificate.subject(.country).first?.utf8.count == 2, certificate.subject(.organization).first?.isEmpty == false,
      certificate.subject(.organizationalUnit) == ["Authenticator Attestation"], certificate.subject(.commonName).first?.isEmpty == false
    else { throw .badAttestation("certificate's subject") }
  }
}
