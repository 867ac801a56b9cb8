package import Primitives
package import Tokens

/// What `X-Auth-Token` carries: the principal, signed for one service behind a gateway. Refused at every door of ours, because its
/// `token_use` and `typ` are of its own.
package enum IdentityToken {
  package static let lifetime = Duration.seconds(60)
  /// So that it leaves room for the other headers.
  package static let mostBytes = 1536

  package static func claims(of principal: Principal?, for audience: String, issuer: String, at now: Instant) -> Claims {
    var claims = Claims(
      issuer: issuer, subject: principal?.subject ?? "", audience: [audience], issuedAt: now, lifetime: lifetime,
      tokenID: "\(Identifier<Claims>(at: now))", clientID: principal?.clientID ?? "", use: .identity)
    guard let principal else { return claims }
    claims.roles = principal.active.roles
    claims.permissions = principal.active.permissions
    if let authenticatedAt = principal.authenticatedAt, !principal.session.isEmpty {
      claims.session = SessionClaims(
        id: principal.session, authenticatedAt: authenticatedAt, methods: principal.methods, level: principal.level?.rawValue ?? "")
    }
    return claims
  }
}
