internal import Cryptography
package import Journal
internal import Persistence
package import Primitives

/// What the operator does with invitations.
extension Invitations {
  /// What is handed to the user, once.
  package struct Issued: Sendable {
    package let code: String
    package let url: String
    package let expiresAt: Instant
  }

  package enum IssueOutcome: Sendable {
    case issued(Issued)
    case unknownUser
    /// An invitation would be worth nothing: the account has a factor.
    case hasFactor
  }

  package func invite(_ name: String, by provenance: Provenance) async throws -> IssueOutcome {
    guard let username = try? Username(name, allowsUnicode: true) else { return .unknownUser }
    return try await issue(by: provenance) { db in try AccountStore(db).account(named: username) }
  }

  package func invite(_ id: Account.ID, by provenance: Provenance) async throws -> IssueOutcome {
    try await issue(by: provenance) { db in try AccountStore(db).account(id) }
  }

  private func issue(
    by provenance: Provenance, _ find: @escaping @Sendable (any Transaction) throws -> Account?
  ) async throws -> IssueOutcome {
    let at = now()
    return try await database.transaction { db in
      guard let account = try find(db) else { return .unknownUser }
      guard try !FactorStore(db).factors(of: account.id).contains(where: \.isConfirmed) else { return .hasFactor }
      return .issued(try issue(account, db, by: provenance, at: at))
    }
  }

  /// Takes every factor from a user, with the sessions, devices and keys that they opened, and gives an invitation in their place: at
  /// no moment would the password alone do.
  package func resetFactors(_ name: String, by provenance: Provenance) async throws -> IssueOutcome {
    guard let username = try? Username(name, allowsUnicode: true) else { return .unknownUser }
    let at = now()
    return try await database.transaction { db in
      guard let account = try AccountStore(db).account(named: username) else { return .unknownUser }
      let gone = try FactorStore(db).deleteAll(of: account.id)
      try end(account.id, because: .factorsReset, db, by: provenance, at: at)
      let event = AuditEvent(
        "factor.reset", subject: "account:\(account.id)", ["username": account.username.text, "count": "\(gone.count)"])
      try FactorChange(db).record(event, of: account, by: provenance, at: at)
      return .issued(try issue(account, telling: .factorsReset, db, by: provenance, at: at))
    }
  }

  /// In the place of an older one.
  func issue(
    _ account: Account, telling event: Notices.Event = .invited, _ db: any Transaction, by provenance: Provenance, at instant: Instant
  ) throws -> Issued {
    let invitation = Invitation(id: Invitation.ID(at: instant), account: account.id, expiresAt: instant + Invitation.lifetime)
    let code = OpaqueCredential(.invitation, for: invitation.id)
    try InvitationStore(db).replace(invitation, digest: code.digest, at: instant)
    try AuditLog(db).append(.invitation("issued", account.id), by: provenance, at: instant)
    try notices.tell(account, event, db, by: provenance, at: instant)
    return Issued(code: code.text, url: links.url(.invitation, code: code.text), expiresAt: invitation.expiresAt)
  }
}
