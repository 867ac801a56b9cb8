internal import Cryptography
package import Delivery
package import Journal
package import Persistence
package import Primitives

/// Making, changing and ending accounts: what `user …` does, and the administration's endpoints.
package struct Accounts: Sendable {
  let database: any Database
  let vault: Vault
  let passwords: Passwords
  let policy: PasswordPolicy
  package let settings: AccountSettings
  let issuer: String
  let notices: Notices
  let now: Now

  /// `issuer` stands in `otpauth://` URIs, where an authenticator app shows it.
  package init(
    database: any Database, vault: Vault, passwords: Passwords, policy: PasswordPolicy, settings: AccountSettings, issuer: String,
    notices: Notices, now: Now
  ) {
    self.notices = notices
    self.database = database
    self.vault = vault
    self.passwords = passwords
    self.policy = policy
    self.settings = settings
    self.issuer = issuer
    self.now = now
  }

  /// The costliest password hash in the store: what every check has to cost.
  package static func greatestPasswordWork(_ database: any Database) async throws -> Int {
    try await database.read { try AccountStore($0).greatestPasswordWork() }
  }

  package struct New: Sendable {
    package let username: String
    package let email: String?
    package let phone: String?
    package let roles: [String]
    package let password: Secret

    package init(username: String, email: String?, phone: String?, roles: [String], password: Secret) {
      self.username = username
      self.email = email
      self.phone = phone
      self.roles = roles
      self.password = password
    }
  }

  /// A new account with what its user needs once: the TOTP secret and the recovery codes.
  package struct Enrolment: Sendable {
    package let account: Account
    package let totpSecret: String
    package let totpURI: String
    package let recoveryCodes: [String]
  }

  package typealias AddOutcome = AccountAddition<Enrolment>

  /// Makes an account with a password, a TOTP factor and recovery codes at once. The operator hands the secret over, so the
  /// factor needs no confirming code. Throws `HashingPool.Overloaded`.
  package func add(_ new: New, by provenance: Provenance) async throws -> AddOutcome {
    let username: Username
    do {
      username = try Username(new.username, allowsUnicode: settings.allowsUnicode)
    } catch {
      return .invalidUsername(error)
    }
    let flaws = try await policy.flaws(of: new.password, hints: [username.text, new.email ?? "", new.phone ?? ""])
    guard flaws.isEmpty else { return .invalidPassword(flaws) }
    let at = now()
    let account = Account(
      id: Account.ID(at: at), username: username, email: new.email, phone: new.phone, isEnabled: true,
      password: try await passwords.hash(new.password, at: at), createdAt: at, version: 1)
    let factors = NewFactors(totp: TOTP(secret: .random(count: TOTPFactor.secretLength)), recoveryCodes: RecoveryCode.newSet())
    do {
      return try await database.transaction { db in try self.insert(account, new.roles, factors, db, by: provenance, at: at) }
    } catch RoleOutcome.separationOfDuty(let name) {
      return .separationOfDuty(name)
    }
  }

  package func account(named name: String) async throws -> Account? {
    guard let username = try? Username(name, allowsUnicode: true) else { return nil }
    return try await database.read { try AccountStore($0).account(named: username) }
  }

  package func list() async throws -> [Account] {
    var all: [Account] = []
    while true {
      let last = all.last?.username.text ?? ""
      let page = try await database.read { try AccountStore($0).accounts(after: last, limit: 500) }
      all += page
      if page.count < 500 { return all }
    }
  }

  package func factors(of account: Account.ID) async throws -> [Factor] {
    try await database.read { try FactorStore($0).factors(of: account) }
  }

  /// Where the codes of email and SMS factors go, masked.
  package func codeAddresses(of account: Account.ID) async throws -> [Factor.ID: String] {
    try await database.read { try CodeAddresses($0).recipients(of: account).mapValues(\.masked) }
  }

  /// A disabled user gets nothing from any door; live sessions and challenges end. False where there is no such user. Throws
  /// `LastAdministrator`.
  package func setEnabled(_ isEnabled: Bool, _ name: String, by provenance: Provenance) async throws -> Bool {
    try await change(name) { db, account, at in
      try Administrators(db).keep { try AccountStore(db).setEnabled(isEnabled, account.id) }
      if !isEnabled { try end(account.id, because: .disabled, db, by: provenance, at: at) }
      try AuditLog(db).append(.account(isEnabled ? "enabled" : "disabled", account), by: provenance, at: at)
    }
  }

  /// False where there is no such user. Throws `LastAdministrator`.
  package func delete(_ name: String, by provenance: Provenance) async throws -> Bool {
    try await change(name) { db, account, at in
      try PasswordFailureStore(db).clearAll(usernameDigest(account.username.text, vault))
      try end(account.id, because: .deleted, db, by: provenance, at: at)
      try Administrators(db).keep { try AccountStore(db).delete(account.id) }
      try AuditLog(db).append(.account("deleted", account), by: provenance, at: at)
    }
  }

  package enum PasswordOutcome: Sendable, Equatable {
    case done
    case unknownUser
    case invalid([PasswordFlaw])
  }

  /// An operator sets a password: sessions, challenges and known devices end, and the password may be tried again from
  /// everywhere. Throws `HashingPool.Overloaded`.
  package func setPassword(_ password: Secret, _ name: String, by provenance: Provenance) async throws -> PasswordOutcome {
    let (hints, earlier) = try await past(of: name)
    let flaws = try await policy.flaws(of: password, hints: hints, earlier: earlier)
    guard flaws.isEmpty else { return .invalid(flaws) }
    let stored = try await passwords.hash(password, at: now())
    let isKnown = try await change(name) { db, account, at in
      try PasswordReplacement(db, policy: policy).set(stored, of: account)
      try end(account.id, because: .password, db, by: provenance, at: at)
      try PasswordFailureStore(db).clearAll(usernameDigest(account.username.text, vault))
      try AuditLog(db).append(.account("password_set", account), by: provenance, at: at)
      try notices.tell(account, .passwordChanged, db, by: provenance, at: at)
    }
    return isKnown ? .done : .unknownUser
  }

  /// What a new password of this user's is held against.
  private func past(of name: String) async throws -> (hints: [String], earlier: [StoredPassword]) {
    guard let username = try? Username(name, allowsUnicode: true) else { return ([], []) }
    return try await database.read { db in
      guard let account = try AccountStore(db).account(named: username) else { return ([], []) }
      return (account.hints, try PasswordHistoryStore(db).earlier(of: account))
    }
  }

  /// From where the user's password is refused for too many failures.
  package enum PasswordLock: Sendable, Equatable {
    case none
    /// From everywhere that the account does not know.
    case unknownSources
  }

  package func passwordLock(of account: Account) async throws -> PasswordLock {
    let digest = usernameDigest(account.username.text, vault)
    let failures = try await database.read { try PasswordFailureStore($0).failures(digest, .unknown) }
    return failures >= PasswordFailureStore.most ? .unknownSources : .none
  }

  /// The language that the user is written to in; `nil` for the installation's. False where there is no such user.
  package func setLanguage(_ language: Language?, _ name: String, by provenance: Provenance) async throws -> Bool {
    try await change(name) { db, account, at in
      guard account.language != language?.rawValue else { return }
      try AccountStore(db).setLanguage(language?.rawValue, account.id)
      try AuditLog(db).append(.account("language_set", account), by: provenance, at: at)
    }
  }

  /// Recovery from too many failures: password and factors may be tried again. False where there is no such user.
  package func unlock(_ name: String, by provenance: Provenance) async throws -> Bool {
    try await change(name) { db, account, at in try unlock(account, db, by: provenance, at: at) }
  }

  func unlock(_ account: Account, _ db: any Transaction, by provenance: Provenance, at instant: Instant) throws {
    try PasswordFailureStore(db).clearAll(usernameDigest(account.username.text, vault))
    try FactorStore(db).clearFailures(of: account.id)
    try AuditLog(db).append(.account("unlocked", account), by: provenance, at: instant)
  }

  /// False where there is no such user.
  private func change(
    _ name: String, _ body: @escaping @Sendable (any Transaction, Account, Instant) throws -> Void
  ) async throws -> Bool {
    guard let username = try? Username(name, allowsUnicode: true) else { return false }
    let at = now()
    return try await database.transaction { db in
      guard let account = try AccountStore(db).account(named: username) else { return false }
      try body(db, account, at)
      return true
    }
  }
}

/// Ends what an account has open.
func end(
  _ account: Account.ID, because reason: SessionEnd, _ db: any Transaction, by provenance: Provenance, at instant: Instant
) throws {
  _ = try SessionStore(db).end(.all(of: account), because: reason, by: provenance, at: instant)
  try ChallengeStore(db).deleteAll(of: account)
  // A key may have been made by whoever is to be shut out.
  for key in try UserKeyStore(db).revokeAll(of: account, at: instant) {
    let event = AuditEvent("user_key.revoked", subject: "account:\(account)", ["key": "\(key)", "reason": reason.rawValue])
    try AuditLog(db).append(event, by: provenance, at: instant)
  }
  if reason == .disabled || reason == .deleted { try RevocationStore(db).append(.account(account), at: instant) }
}
