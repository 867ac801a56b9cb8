internal import Cryptography

/// `tpm` (WebAuthn, section 8.3): a TPM's certificate of the credential's key, signed by the TPM's attestation key.
struct TPMStatement: AttestationStatement {
  private let algorithm: CredentialAlgorithm
  private let signature: [UInt8]
  private let certificates: [Certificate]
  private let publicArea: [UInt8]
  private let certified: [UInt8]

  private static let attestationKeyUsage: [UInt8] = [0x67, 0x81, 0x05, 0x08, 0x03]

  init(_ reading: StatementReading) throws(WebAuthnError) {
    try reading.require(["ver", "alg", "x5c", "sig", "certInfo", "pubArea"])
    guard try reading.text("ver") == "2.0" else { throw .badAttestation("version") }
    algorithm = try reading.algorithm()
    signature = try reading.bytes("sig")
    certificates = try reading.certificates()
    publicArea = try reading.bytes("pubArea")
    certified = try reading.bytes("certInfo")
  }

  func verify(_ subject: AttestationSubject) throws(WebAuthnError) -> [Certificate] {
    guard let area = TPMPublicArea(publicArea), area.numbers == subject.credential.key.numbers else { throw .badAttestation("pubArea") }
    guard let info = TPMCertification(certified), let digest = Self.digest(of: algorithm) else { throw .badAttestation("certInfo") }
    guard info.extraData == digest(subject.signedBytes) else { throw .badAttestation("extraData") }
    guard info.name == area.name(of: publicArea) else { throw .badAttestation("name") }
    let leaf = AttestationCertificate(certificates[0])
    try leaf.check(signature, over: certified, algorithm)
    try leaf.checkLeaf()
    try leaf.checkModel(is: subject.credential.model)
    try Self.checkSubject(of: certificates[0])
    return certificates
  }

  /// WebAuthn, section 8.3.1: no subject, the TPM named in the alternative name, and the use that TCG gives to attestation keys.
  private static func checkSubject(of certificate: Certificate) throws(WebAuthnError) {
    guard certificate.isSubjectEmpty, certificate.extension("2.5.29.17")?.value.isEmpty == false else {
      throw .badAttestation("certificate's subject")
    }
    guard let usages = certificate.extension("2.5.29.37").flatMap({ DERReader.sequence($0.value[...]) }),
      usages.contains(where: { $0.is(DERReader.identifier) && $0.content.elementsEqual(attestationKeyUsage) })
    else { throw .badAttestation("extended key usage") }
  }

  /// The digest that `algorithm` signs, where a TPM would use it.
  private static func digest(of algorithm: CredentialAlgorithm) -> Digest? {
    switch algorithm {
    case .es256, .rs256: .sha256
    case .es384: .sha384
    case .es512: .sha512
    case .edDSA, .ed448: nil
    }
  }
}
