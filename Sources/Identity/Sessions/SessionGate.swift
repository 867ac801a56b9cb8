package import Persistence
package import Primitives

/// A user's session that may act: its token is good, it has not ended, its account is enabled and its application too.
package struct LiveSession: Sendable {
  package let id: Session.ID
  package let account: Account
  package let createdAt: Instant
  package let expiresAt: Instant
  package let amr: [String]
  package let acr: String
  /// What its roles allow now, which a token that was issued earlier may not show yet.
  package let active: ActiveRoles
}

/// The gate that every door of a user leads through.
package struct SessionGate: Sendable {
  private let database: any Database
  private let tokens: AccessTokens
  private let now: Now

  package init(database: any Database, tokens: AccessTokens, now: Now) {
    self.database = database
    self.tokens = tokens
    self.now = now
  }

  package enum Verdict: Sendable {
    case live(LiveSession)
    case expired
    case ended
    case invalid
  }

  package func session(bearer token: String) async throws -> Verdict {
    let claims: (session: Session.ID, account: Account.ID)
    switch tokens.user(of: token) {
    case .user(let session, let account): claims = (session, account)
    case .expired: return .expired
    case .invalid: return .invalid
    }
    let at = now()
    return try await database.read { db in
      guard let row = try SessionStore(db).session(claims.session), row.endedAt == nil, row.session.expiresAt > at,
        row.session.account == claims.account, let account = try AccountStore(db).account(claims.account), account.isEnabled
      else { return .ended }
      if let application = row.session.application {
        guard try ApplicationStore(db).application(application)?.isEnabled == true else { return .ended }
      }
      let session = row.session
      return .live(
        LiveSession(
          id: session.id, account: account, createdAt: session.createdAt, expiresAt: session.expiresAt, amr: session.amr,
          acr: session.acr, active: try AssignmentStore(db).activate(session.requestedRoles, of: .account(account.id))))
    }
  }
}
