package import Cryptography
package import Primitives
package import Tokens
private import Synchronization

/// Issuing and reading access tokens under the keys of the moment.
package final class AccessTokens: Sendable {
  package let issuer: String
  private let fallback: SigningAlgorithm
  private let keys: LiveKeySet
  private let tokens: TokenIssuer
  private let verifier: TokenVerifier
  // A mutex: held to copy or replace one reference.
  private let document: Mutex<KeySetDocument>
  // A mutex: held to compare two numbers and replace two references.
  private let renewals = Mutex(Renewals())

  /// Which reading of the keys is in force, so that a slow one never replaces a later one.
  private struct Renewals {
    var begun: UInt64 = 0
    var inForce: UInt64 = 0
  }

  package init(issuer: String, keys: KeySet, defaultAlgorithm: SigningAlgorithm, now: Now) {
    self.issuer = issuer
    fallback = defaultAlgorithm
    self.keys = LiveKeySet(keys)
    tokens = TokenIssuer(keys: self.keys)
    verifier = TokenVerifier(issuer: issuer, keys: self.keys, now: now)
    document = Mutex(KeySetDocument(keys))
  }

  /// Puts what `read` answers in force, unless what was read later already is: whatever was committed before this call is in
  /// force after it.
  package func renew(_ read: () async throws -> KeySet) async rethrows {
    let turn = renewals.withLock { renewals in
      renewals.begun += 1
      return renewals.begun
    }
    let keys = try await read()
    let rendered = KeySetDocument(keys)
    renewals.withLock { renewals in
      guard renewals.inForce < turn else { return }
      renewals.inForce = turn
      self.keys.replace(with: keys)
      document.withLock { $0 = rendered }
    }
  }

  package var keySet: KeySet { keys.current }

  package var keySetDocument: KeySetDocument { document.withLock { $0 } }

  package var canSign: Bool { keys.current.active(fallback) != nil }

  /// A user's token.
  func issue(
    _ session: Session, _ active: ActiveRoles, to application: Application?, lifetime: Duration, at instant: Instant
  ) throws -> String {
    var claims = claims(
      subject: "\(session.account)", audience: session.audience, clientID: application?.clientID ?? "", active, lifetime: lifetime,
      at: instant)
    claims.session = SessionClaims(
      id: "\(session.id)", authenticatedAt: session.authenticatedAt, methods: session.amr, level: session.acr)
    return try sign(claims, for: application)
  }

  /// An application's own token: no session, no authentication of a person.
  package func issue(
    _ application: Application, active: ActiveRoles, audience: String, lifetime: Duration, at instant: Instant
  ) throws -> String {
    let claims = claims(
      subject: application.clientID, audience: audience, clientID: application.clientID, active, lifetime: lifetime, at: instant)
    return try sign(claims, for: application)
  }

  package enum Inspection: Sendable {
    case good(Claims)
    case bad(TokenError)
  }

  /// What a door would say, of the token alone; whether its session still lives is not asked. `nil` stands for this server.
  package func inspect(_ token: [UInt8], audience: String?) -> Inspection {
    do {
      return .good(try verifier.verify(token, accepting: TokenAcceptance(audiences: [audience ?? issuer])).claims)
    } catch {
      return .bad(error)
    }
  }

  /// Another one whenever the keys are replaced.
  package var keyGeneration: UInt64 { keys.generation }

  /// For a decision: good, whoever it is meant for.
  package func verify(_ token: [UInt8]) throws(TokenError) -> VerifiedToken {
    try verifier.verify(token, accepting: .forDecision)
  }

  /// Who a principal is, for the service behind a gateway. Roles that do not fit are left out with the permissions.
  package func issueIdentity(_ claims: Claims) throws(TokenError) -> String {
    do {
      return try tokens.sign(claims, type: .identity, algorithm: fallback, mostBytes: IdentityToken.mostBytes)
    } catch .tooManyClaims {
      var claims = claims
      claims.roles = []
      claims.permissions = []
      claims.arePermissionsOmitted = true
      return try tokens.sign(claims, type: .identity, algorithm: fallback, mostBytes: IdentityToken.mostBytes)
    }
  }

  /// A statement of this server's that is no token.
  func sign(statement: [UInt8], type: String, for application: Application?) throws(TokenError) -> String {
    try tokens.sign(statement: statement, type: type, algorithm: application?.algorithm ?? fallback)
  }

  /// A token that is good and meant for this server.
  func ours(_ token: String) -> Inspection { inspect(Array(token.utf8), audience: nil) }

  private func claims(
    subject: String, audience: String, clientID: String, _ active: ActiveRoles, lifetime: Duration, at instant: Instant
  ) -> Claims {
    var claims = Claims(
      issuer: issuer, subject: subject, audience: [audience], issuedAt: instant, lifetime: lifetime,
      tokenID: "\(Identifier<Claims>(at: instant))", clientID: clientID)
    claims.roles = active.roles
    claims.permissions = active.permissions
    return claims
  }

  private func sign(_ claims: Claims, for application: Application?) throws -> String {
    try tokens.sign(claims, type: application?.tokenType ?? .accessToken, algorithm: application?.algorithm ?? fallback)
  }
}

/// The JSON of `/.well-known/jwks.json`, made once for each key set.
package struct KeySetDocument: Sendable {
  package let bytes: [UInt8]
  package let etag: String

  init(_ keys: KeySet) {
    bytes = JWKS.render(keys)
    etag = "\"" + Base64URL.encode(Digest.sha256(bytes).prefix(12)) + "\""
  }
}
