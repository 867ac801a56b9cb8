internal import Tokens

/// A user's session that may act: its token is good, it has not ended, its account is enabled and its application too.
package struct LiveSession: Sendable {
  package let session: Session
  package let account: Account
  /// What its roles allow now, which a token that was issued earlier may not show yet.
  package let active: ActiveRoles

  package var id: Session.ID { session.id }
}

/// The door of a user: the gate, after the token itself is found good and meant for this server.
package struct SessionGate: Sendable {
  private let gate: Gate
  private let tokens: AccessTokens

  package init(gate: Gate, tokens: AccessTokens) {
    self.gate = gate
    self.tokens = tokens
  }

  package enum Verdict: Sendable {
    case live(LiveSession)
    case expired
    case ended
    case invalid
  }

  package func session(bearer token: String) async throws -> Verdict {
    switch tokens.ours(token) {
    case .good(let claims):
      guard claims.session != nil else { return .invalid }
      guard let standing = try await gate.standing(of: claims), case .session(let session, let account) = standing.holder else {
        return .ended
      }
      return .live(LiveSession(session: session, account: account, active: standing.active))
    case .bad(.expired): return .expired
    case .bad: return .invalid
    }
  }
}
