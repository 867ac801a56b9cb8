internal import Cryptography
package import Persistence
package import Primitives
internal import Tokens

/// What a token is worth at this moment (RFC 7662): its own words, and what its holder may do now.
package struct Introspection: Sendable {
  private let database: any Database
  private let gate: Gate
  private let tokens: AccessTokens
  private let now: Now

  package init(database: any Database, gate: Gate, tokens: AccessTokens, now: Now) {
    self.database = database
    self.gate = gate
    self.tokens = tokens
    self.now = now
  }

  /// A token that is good now.
  package struct Finding: Sendable {
    package enum Kind: Sendable {
      case access
      case refresh
    }

    package let kind: Kind
    package let issuer: String
    package let audience: [String]
    package let issuedAt: Instant
    package let expiresAt: Instant
    /// `jti`; of a refresh token, which has none, the session's id.
    package let tokenID: String
    package let clientID: String
    package let standing: Standing
  }

  /// `nil` for a token that is unknown, malformed, expired or revoked, whose holder has no standing, or that is none of the
  /// caller's business. An application sees the tokens that were issued to it, those for an audience that it may ask for (this
  /// server's own is everybody's, and counts for nobody), and all of them with `cf/tokens:introspect`.
  /// `narrowed`: what the caller's own token allows, where it calls with one.
  package func finding(_ token: String, for caller: Application, _ narrowed: ActiveRoles?) async throws -> Finding? {
    guard let finding = try await finding(token) else { return nil }
    if finding.clientID == caller.clientID || !Set(finding.audience).isDisjoint(with: caller.audiences) { return finding }
    guard let all = Permission("cf/tokens:introspect") else { return nil }
    if let narrowed { return narrowed.allows(all) ? finding : nil }
    guard try await gate.standing(of: caller.id, audience: tokens.issuer)?.active.allows(all) == true else { return nil }
    return finding
  }

  private func finding(_ token: String) async throws -> Finding? {
    if let refresh = OpaqueCredential(parsing: token, as: .refreshToken) { return try await finding(refresh) }
    guard let claims = try? tokens.verify(Array(token.utf8)).claims,
      let standing = try await gate.standing(of: claims)?.narrowed(to: claims)
    else { return nil }
    return Finding(
      kind: .access, issuer: claims.issuer, audience: claims.audience, issuedAt: claims.issuedAt, expiresAt: claims.expiresAt,
      tokenID: claims.tokenID, clientID: claims.clientID, standing: standing)
  }

  /// Asking is not using: a refresh token that was used already is inactive, and no theft is seen in it.
  private func finding(_ token: OpaqueCredential) async throws -> Finding? {
    guard let id: Session.ID = token.identifier() else { return nil }
    let at = now()
    let holder = try await database.read { db in try SessionStore(db).holder(of: token, id) }
    guard let holder, holder.isCurrent,
      let standing = try await gate.standing(of: id, holder.session.account, application: holder.session.application),
      let session = standing.session, session.refreshExpiresAt > at
    else { return nil }
    return Finding(
      kind: .refresh, issuer: tokens.issuer, audience: [session.audience], issuedAt: session.createdAt, expiresAt: session.refreshExpiresAt,
      tokenID: "\(id)", clientID: standing.application?.clientID ?? "", standing: standing)
  }
}
