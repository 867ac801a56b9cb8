package import Persistence
package import Primitives

/// What can be asked about tokens, and done to them.
package struct RevocationServices: Sendable {
  package let introspection: Introspection
  package let revocation: TokenRevocation
  package let feed: RevocationFeed

  package init(database: any Database, gate: Gate, tokens: AccessTokens, revoked: RevokedTokens, now: Now) {
    introspection = Introspection(database: database, gate: gate, tokens: tokens, now: now)
    revocation = TokenRevocation(database: database, tokens: tokens, revoked: revoked, now: now)
    feed = RevocationFeed(database: database, tokens: tokens, now: now)
  }
}
