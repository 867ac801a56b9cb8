internal import Cryptography

/// `android-key` (WebAuthn, section 8.4): a certificate for the credential's own key, in which Android's keystore describes it.
struct AndroidKeyStatement: AttestationStatement {
  private let algorithm: CredentialAlgorithm
  private let signature: [UInt8]
  private let certificates: [Certificate]

  private static let descriptionExtension = "1.3.6.1.4.1.11129.2.1.17"

  init(_ reading: StatementReading) throws(WebAuthnError) {
    try reading.require(["alg", "sig", "x5c"])
    algorithm = try reading.algorithm()
    signature = try reading.bytes("sig")
    certificates = try reading.certificates()
  }

  func verify(_ subject: AttestationSubject) throws(WebAuthnError) -> [Certificate] {
    let leaf = AttestationCertificate(certificates[0])
    try leaf.check(signature, over: subject.signedBytes, algorithm)
    try leaf.checkKey(is: subject.key)
    guard let description else { throw .badAttestation("key description") }
    guard description.challenge.elementsEqual(subject.clientDigest) else { throw .badAttestation("challenge") }
    guard description.isForSigningHere else { throw .badAttestation("key's origin or purpose") }
    return certificates
  }

  /// Without that, the certificate does not vouch for more than software.
  var isAboutHardware: Bool { description?.isHeldByHardware == true }

  private var description: KeyDescription? {
    certificates[0].extension(Self.descriptionExtension).flatMap { KeyDescription($0.value) }
  }
}

/// Android's `KeyDescription`: what was asked of the key, and by whom that is enforced.
private struct KeyDescription {
  let challenge: ArraySlice<UInt8>
  private let softwareEnforced: [DERReader.Element]
  private let hardwareEnforced: [DERReader.Element]

  private enum Tag {
    static let purpose = 1
    static let allApplications = 600
    static let origin = 702
  }

  init?(_ bytes: [UInt8]) {
    guard let parts = DERReader.sequence(bytes[...]), parts.count == 8, parts[4].is(DERReader.octets), parts[6].is(DERReader.sequence),
      parts[7].is(DERReader.sequence), let software = DERReader.elements(parts[6].content),
      let hardware = DERReader.elements(parts[7].content)
    else { return nil }
    challenge = parts[4].content
    softwareEnforced = software
    hardwareEnforced = hardware
  }

  /// Nothing says otherwise than that the keystore made the key itself, for signing, for one application.
  var isForSigningHere: Bool {
    let all = softwareEnforced + hardwareEnforced
    return !all.contains { $0.isContext(Tag.allApplications) } && Self.isGenerated(all) != false && Self.isForSigning(all) != false
  }

  /// The hardware itself enforces both.
  var isHeldByHardware: Bool { Self.isGenerated(hardwareEnforced) == true && Self.isForSigning(hardwareEnforced) == true }

  /// KM_ORIGIN_GENERATED; `nil` where the list does not say.
  private static func isGenerated(_ list: [DERReader.Element]) -> Bool? {
    says(list, Tag.origin, [DERReader.integer, 1, 0])
  }

  /// KM_PURPOSE_SIGN and nothing else; `nil` where the list does not say.
  private static func isForSigning(_ list: [DERReader.Element]) -> Bool? {
    says(list, Tag.purpose, [DERReader.set, 3, DERReader.integer, 1, 2])
  }

  private static func says(_ list: [DERReader.Element], _ tag: Int, _ expected: [UInt8]) -> Bool? {
    let found = list.filter { $0.isContext(tag) }
    return found.isEmpty ? nil : found.allSatisfy { $0.content.elementsEqual(expected) }
  }
}
