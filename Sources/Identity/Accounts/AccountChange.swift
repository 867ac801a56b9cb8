package import Journal
package import Persistence
internal import Primitives

/// What the administration does with accounts, which it knows by their identifiers.
extension Accounts {
  package func account(_ id: Account.ID) async throws -> Account? {
    try await database.read { try AccountStore($0).account(id) }
  }

  /// In the order of their usernames; `after` is such a name, or empty.
  package func page(after username: String, limit: Int) async throws -> Page<Account> {
    let rows = try await database.read { try AccountStore($0).accounts(after: username, limit: limit + 1) }
    return Page(rows, limit: limit) { $0.username.text }
  }

  package struct Change: Sendable {
    package var isEnabled: Bool?
    package var email: Edit<String>
    package var phone: Edit<String>

    package init(isEnabled: Bool? = nil, email: Edit<String> = .keep, phone: Edit<String> = .keep) {
      self.isEnabled = isEnabled
      self.email = email
      self.phone = phone
    }
  }

  /// Changes an account that is in the state that `condition` names. Whoever is disabled loses sessions and challenges.
  package func change(
    _ id: Account.ID, _ change: Change, if condition: VersionCondition, by provenance: Provenance
  ) async throws -> ChangeOutcome<Account> {
    let at = now()
    return try await protectingAdministrators { db in
      guard let old = try AccountStore(db).account(id) else { return .unknown }
      guard condition.holds(for: old.version) else { return .outdated }
      let isEnabled = change.isEnabled ?? old.isEnabled
      let email = change.email.applied(to: old.email)
      let phone = change.phone.applied(to: old.phone)
      let events = [
        isEnabled == old.isEnabled ? nil : .account(isEnabled ? "enabled" : "disabled", old),
        AuditEvent(
          "account.changed", subject: "account:\(id)", named: ["username": old.username.text],
          changes: [("email", old.email, email), ("phone", old.phone, phone)]),
      ].compactMap { $0 }
      guard !events.isEmpty else { return .done(old) }
      try Administrators(db).keep { try AccountStore(db).update(id, isEnabled: isEnabled, email: email, phone: phone) }
      if !isEnabled { try end(id, because: .disabled, db, by: provenance, at: at) }
      for event in events { try AuditLog(db).append(event, by: provenance, at: at) }
      try tell(old, email: email, phone: phone, db, by: provenance, at: at)
      return try AccountStore(db).account(id).map { .done($0) } ?? .unknown
    }
  }

  /// Of another address or number the old one is told, and of a number the address as well.
  private func tell(
    _ account: Account, email: String?, phone: String?, _ db: any Transaction, by provenance: Provenance, at instant: Instant
  ) throws {
    func recipient(_ address: String?, _ channel: OutboxChannel) -> Recipient? { address.flatMap { Recipient(channel, $0) } }
    for (channel, old, new) in [(OutboxChannel.mail, account.email, email), (.sms, account.phone, phone)] where old != new {
      let event = Notices.Event.addressChanged(from: recipient(old, channel), to: recipient(new, channel))
      try notices.tell(account, event, mailing: account.email, db, by: provenance, at: instant)
    }
  }

  package func delete(
    _ id: Account.ID, if condition: VersionCondition, by provenance: Provenance
  ) async throws -> ChangeOutcome<Account> {
    let at = now()
    return try await protectingAdministrators { db in
      guard let account = try AccountStore(db).account(id) else { return .unknown }
      guard condition.holds(for: account.version) else { return .outdated }
      try end(id, because: .deleted, db, by: provenance, at: at)
      try PasswordFailureStore(db).clearAll(usernameDigest(account.username.text, vault))
      try Administrators(db).keep { try AccountStore(db).delete(id) }
      try AuditLog(db).append(.account("deleted", account), by: provenance, at: at)
      return .done(account)
    }
  }

  private func protectingAdministrators(
    _ body: @escaping @Sendable (any Transaction) throws -> ChangeOutcome<Account>
  ) async throws -> ChangeOutcome<Account> {
    do {
      return try await database.transaction(body)
    } catch is LastAdministrator {
      return .lastAdministrator
    }
  }

  /// Recovery from too many failures: password and factors may be tried again. False where there is no such user.
  package func unlock(_ id: Account.ID, by provenance: Provenance) async throws -> Bool {
    let at = now()
    return try await database.transaction { db in
      guard let account = try AccountStore(db).account(id) else { return false }
      try unlock(account, db, by: provenance, at: at)
      return true
    }
  }
}
