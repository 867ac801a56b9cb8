package import Primitives

/// A credential that means nothing by itself: a prefix that says what it is (and that secret scanners find), the id of its row, 32
/// random bytes, and a CRC-32 of all that, so that a mistyped or made-up one is refused before any database is asked.
///
///     cfr_ + base32(id, 16 bytes · secret, 32 bytes · CRC-32 of prefix, id and secret, 4 bytes, big-endian)
///
/// The database keeps `digest`. SHA-256 without a salt is enough, since nobody guesses 256 random bits.
package struct OpaqueCredential: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case apiKey = "cfk_"
    case userKey = "cfu_"
    case clientSecret = "cfs_"
    case refreshToken = "cfr_"
    case challenge = "cfc_"
    case deviceToken = "cfd_"
    case proof = "cfp_"
    case invitation = "cfi_"
    case enrollment = "cfe_"
    case recovery = "cfv_"
    case verification = "cfa_"
  }

  /// Characters in every credential.
  package static let length = 88

  private static let idCount = 16
  private static let secretCount = 32

  package let kind: Kind
  /// The id of the row, 16 bytes.
  package let id: [UInt8]
  package let secret: Secret

  /// A new credential for the row `id`.
  package init<Subject>(_ kind: Kind, for id: Identifier<Subject>) {
    self.kind = kind
    self.id = id.bytes
    secret = .random(count: Self.secretCount)
  }

  /// A credential made elsewhere, such as one whose secret is derived; `secret` must have 32 bytes.
  package init?<Subject>(_ kind: Kind, for id: Identifier<Subject>, secret: Secret) {
    guard secret.count == Self.secretCount else { return nil }
    self.kind = kind
    self.id = id.bytes
    self.secret = secret
  }

  /// Strict: exact prefix, length and lower case, no spare bits, right checksum.
  package init?(parsing text: some Collection<UInt8>, as kind: Kind) {
    let prefix = Array(kind.rawValue.utf8)
    guard text.count == Self.length, text.starts(with: prefix), var bytes = Base32.lower.decode(text.dropFirst(prefix.count)) else {
      return nil
    }
    defer { Secret.wipe(&bytes) }
    let body = bytes.prefix(Self.idCount + Self.secretCount)
    guard CRC32.checksum(prefix, body) == bytes.suffix(4).reduce(UInt32(0), { $0 << 8 | UInt32($1) }) else { return nil }
    self.kind = kind
    id = Array(body.prefix(Self.idCount))
    secret = Secret(copying: body.suffix(Self.secretCount))
  }

  package init?(parsing text: String, as kind: Kind) { self.init(parsing: text.utf8, as: kind) }

  package func identifier<Subject>(of subject: Subject.Type = Subject.self) -> Identifier<Subject>? { Identifier(bytes: id) }

  /// SHA-256 of the secret: what is stored, and compared with `ConstantTime`.
  package var digest: [UInt8] { Digest.sha256(secret) }

  /// The credential itself, for the one answer that shows it.
  package var text: String {
    var body = id + secret.withBytes { Array($0) }
    defer { Secret.wipe(&body) }
    let checksum = CRC32.checksum(Array(kind.rawValue.utf8), body[...])
    for shift in stride(from: UInt32(24), through: 0, by: -8) { body.append(UInt8(truncatingIfNeeded: checksum >> shift)) }
    return kind.rawValue + Base32.lower.encode(body)
  }
}
