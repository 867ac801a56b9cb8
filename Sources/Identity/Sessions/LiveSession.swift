/// A user's session that may act: its token is good, it has not ended, its account is enabled and its application too.
package struct LiveSession: Sendable {
  package let session: Session
  package let account: Account
  /// What its roles allow now, which a token that was issued earlier may not show yet.
  package let active: ActiveRoles

  package var id: Session.ID { session.id }

  /// `nil` for a standing that is no session's.
  package init?(_ standing: Standing) {
    guard case .session(let session, let account) = standing.holder else { return nil }
    self.session = session
    self.account = account
    active = standing.active
  }
}
