internal import Cryptography
internal import Persistence
internal import Primitives

/// Makes the refresh tokens of sessions and knows them again.
///
/// The 32 bytes of a token's secret are its generation in the session (4), random bytes (20), and the beginning of an HMAC over
/// both and the session's id (8) under a key of this server. So every token that a session ever had is recognised by itself, with
/// no row for it: an old one is theft however old it is, and nobody can make one up that would end another's session. What lets a
/// token pass is never the code but the digest in the row.
struct RefreshTokens: Sendable {
  private let key: Secret

  init(vault: Vault) { key = vault.subkey("session.refresh_token") }

  private static let randomCount = 20
  private static let codeCount = 8

  /// A new token; `nil` never, but for a secret of another length.
  func make(for session: Session.ID, generation: Int64) throws(DatabaseError) -> OpaqueCredential {
    let random = Secret.random(count: Self.randomCount)
    var body = Self.bigEndian(generation) + random.withBytes { Array($0) }
    defer { Secret.wipe(&body) }
    let secret = Secret(copying: body + code(session, body[...]))
    guard let credential = OpaqueCredential(.refreshToken, for: session, secret: secret) else {
      throw .failed("a refresh token of another length")
    }
    return credential
  }

  /// Which of the session's tokens this is, from 0; `nil` for one that this server did not make.
  func generation(of token: OpaqueCredential, in session: Session.ID) -> Int64? {
    var bytes = token.secret.withBytes { Array($0) }
    defer { Secret.wipe(&bytes) }
    let body = bytes.dropLast(Self.codeCount)
    guard ConstantTime.areEqual(code(session, body), Array(bytes.suffix(Self.codeCount))) else { return nil }
    return body.prefix(4).reduce(0) { $0 << 8 | Int64($1) }
  }

  /// The successor in a box that only the predecessor opens.
  func seal(_ successor: OpaqueCredential, under predecessor: OpaqueCredential) throws(CryptographyError) -> [UInt8] {
    try AESGCM.seal(successor.secret, key: Self.key(of: predecessor), authenticated: successor.id)
  }

  /// `nil` where the box is another's.
  func open(_ box: [UInt8], with predecessor: OpaqueCredential, of session: Session.ID) -> OpaqueCredential? {
    guard let secret = AESGCM.open(box, key: Self.key(of: predecessor), authenticated: session.bytes) else { return nil }
    return OpaqueCredential(.refreshToken, for: session, secret: secret)
  }

  private func code(_ session: Session.ID, _ body: ArraySlice<UInt8>) -> [UInt8] {
    Array(HMAC.sha256(session.bytes + body, key: key).prefix(Self.codeCount))
  }

  private static func key(of predecessor: OpaqueCredential) -> Secret {
    HKDF.derive(predecessor.secret, info: "credentialflow refresh successor")
  }

  private static func bigEndian(_ generation: Int64) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: generation >> Int64(24 - 8 * $0)) }
  }
}
