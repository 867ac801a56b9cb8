internal import Cryptography

/// What an authenticator answers to a registration (WebAuthn, section 6.5): its data, and a statement on where the key lives.
struct AttestationObject: Sendable {
  let format: AttestationFormat
  let data: AuthenticatorData
  let statement: any AttestationStatement

  init(_ bytes: [UInt8]) throws(WebAuthnError) {
    guard let value = try? CBORReader.read(bytes), let members = value.texts, members.count == 3, let name = members["fmt"]?.text,
      let statement = members["attStmt"]?.texts, let data = members["authData"]?.bytes
    else { throw .malformed("attestationObject") }
    guard let format = AttestationFormat(rawValue: name) else { throw .unsupportedAttestation }
    self.format = format
    self.data = try AuthenticatorData(data)
    self.statement = try Self.statement(format, StatementReading(statement))
  }

  private static func statement(
    _ format: AttestationFormat, _ reading: StatementReading
  ) throws(WebAuthnError) -> any AttestationStatement {
    switch format {
    case .none: try EmptyStatement(reading)
    case .packed: try PackedStatement(reading)
    case .fidoU2F: try U2FStatement(reading)
    case .tpm: try TPMStatement(reading)
    case .androidKey: try AndroidKeyStatement(reading)
    case .apple: try AppleStatement(reading)
    }
  }
}

/// A statement of one format. The formats have nothing but this in common.
protocol AttestationStatement: Sendable {
  /// Verifies the statement against what it attests. Returns the certificates that vouch for it, the first that of the statement's key;
  /// none where only the credential vouches for itself.
  func verify(_ subject: AttestationSubject) throws(WebAuthnError) -> [Certificate]

  /// Whether a trusted statement of this form means that hardware holds the key.
  var isAboutHardware: Bool { get }
}

extension AttestationStatement {
  var isAboutHardware: Bool { true }
}

/// What a statement is about.
struct AttestationSubject: Sendable {
  let data: AuthenticatorData
  let credential: AuthenticatorData.AttestedCredential
  let key: CredentialKey
  let clientDigest: [UInt8]

  /// What most formats sign.
  var signedBytes: [UInt8] { data.bytes + clientDigest }
}

/// The members of a statement, each of which has to be one that its format knows.
struct StatementReading {
  private let members: [String: CBOR]

  private static let mostCertificates = 8

  init(_ members: [String: CBOR]) { self.members = members }

  func require(_ names: Set<String>) throws(WebAuthnError) {
    guard Set(members.keys) == names else { throw .malformed("attStmt") }
  }

  func has(_ name: String) -> Bool { members[name] != nil }

  func bytes(_ name: String) throws(WebAuthnError) -> [UInt8] {
    guard let bytes = members[name]?.bytes else { throw .malformed("attStmt") }
    return bytes
  }

  func text(_ name: String) throws(WebAuthnError) -> String {
    guard let text = members[name]?.text else { throw .malformed("attStmt") }
    return text
  }

  func algorithm() throws(WebAuthnError) -> CredentialAlgorithm {
    guard let number = members["alg"]?.integer else { throw .malformed("attStmt") }
    guard let algorithm = CredentialAlgorithm(rawValue: number) else { throw .unsupportedAlgorithm }
    return algorithm
  }

  /// `x5c`: at least one.
  func certificates() throws(WebAuthnError) -> [Certificate] {
    guard let elements = members["x5c"]?.array, (1...Self.mostCertificates).contains(elements.count) else { throw .malformed("attStmt") }
    var certificates: [Certificate] = []
    for element in elements {
      guard let der = element.bytes, let certificate = Certificate(der: der) else { throw .malformed("x5c") }
      certificates.append(certificate)
    }
    return certificates
  }
}

/// `none` (WebAuthn, section 8.7).
struct EmptyStatement: AttestationStatement {
  init(_ reading: StatementReading) throws(WebAuthnError) { try reading.require([]) }

  func verify(_ subject: AttestationSubject) -> [Certificate] { [] }
}
