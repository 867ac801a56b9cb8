package import Cryptography
package import Primitives
package import Tokens
private import Synchronization

/// Issuing and reading access tokens under the keys of the moment. The key set is one immutable value, swapped whole.
package final class AccessTokens: Sendable {
  private let issuer: String
  private let now: Now
  private let fallback: SigningAlgorithm
  // A mutex: held to copy or replace one reference.
  private let current: Mutex<Published>

  private struct Published: Sendable {
    let keys: KeySet
    let document: KeySetDocument
  }

  package init(issuer: String, keys: KeySet, defaultAlgorithm: SigningAlgorithm, now: Now) {
    self.issuer = issuer
    self.now = now
    fallback = defaultAlgorithm
    current = Mutex(Published(keys: keys, document: KeySetDocument(keys)))
  }

  package func replace(_ keys: KeySet) {
    let published = Published(keys: keys, document: KeySetDocument(keys))
    current.withLock { $0 = published }
  }

  package var keySetDocument: KeySetDocument { current.withLock { $0.document } }

  package var canSign: Bool { keys.active(fallback) != nil }

  private var keys: KeySet { current.withLock { $0.keys } }

  /// A user's token.
  func issue(_ opened: OpenedSession, lifetime: Duration, at instant: Instant) throws -> String {
    let session = opened.session
    let claims = Claims(
      issuer: issuer, subject: "\(session.account)", audience: [session.audience], expiresAt: instant + lifetime, issuedAt: instant,
      tokenID: "\(Identifier<Claims>(at: instant))", clientID: opened.application?.clientID ?? "", roles: opened.active.roles,
      permissions: opened.active.permissions, use: .access, sessionID: "\(session.id)", authenticatedAt: session.authenticatedAt,
      amr: session.amr, acr: session.acr)
    return try sign(claims, for: opened.application)
  }

  /// An application's own token: no session, no authentication of a person.
  package func issue(
    _ application: Application, active: ActiveRoles, audience: String, lifetime: Duration, at instant: Instant
  ) throws -> String {
    let claims = Claims(
      issuer: issuer, subject: application.clientID, audience: [audience], expiresAt: instant + lifetime, issuedAt: instant,
      tokenID: "\(Identifier<Claims>(at: instant))", clientID: application.clientID, roles: active.roles,
      permissions: active.permissions, use: .access)
    return try sign(claims, for: application)
  }

  /// `nil` unless the token is a live access token whose audience is this server.
  func verifyForThisServer(_ token: String) -> VerifiedToken? { try? verify(token) }

  enum User {
    case user(session: Session.ID, account: Account.ID)
    case expired
    case invalid
  }

  /// Whose session a token belongs to, where it is a user's and meant for this server.
  func user(of token: String) -> User {
    do {
      let claims = try verify(token).claims
      guard let session = claims.sessionID.flatMap({ Session.ID($0) }), let account = Account.ID(claims.subject) else { return .invalid }
      return .user(session: session, account: account)
    } catch {
      return error == .expired ? .expired : .invalid
    }
  }

  private func verify(_ token: String) throws(TokenError) -> VerifiedToken {
    try TokenVerifier(keys: keys, issuer: issuer, now: now).verify(
      UnverifiedToken(parsing: Array(token.utf8)), audience: issuer, use: .access)
  }

  private func sign(_ claims: Claims, for application: Application?) throws -> String {
    let algorithm = application?.algorithm ?? fallback
    guard let key = keys.active(algorithm) else { throw IdentityError.noSigningKey(algorithm.rawValue) }
    return try TokenIssuer(key: key, type: application?.tokenType ?? .accessToken).issue(claims)
  }
}

/// The JSON of `/.well-known/jwks.json`, made once for each key set.
package struct KeySetDocument: Sendable {
  package let bytes: [UInt8]
  package let etag: String

  init(_ keys: KeySet) {
    bytes = JWKS.document(keys)
    etag = "\"" + Base64URL.encode(Digest.sha256(bytes).prefix(12)) + "\""
  }
}

/// What goes wrong in Identity for reasons of its own.
package enum IdentityError: Error, Equatable {
  /// No active key of this algorithm.
  case noSigningKey(String)
}
