package import Cryptography
internal import Delivery
package import Journal
package import Persistence
package import Primitives
package import WebAuthn

/// A new password for who forgot the old one: by a code that is mailed, and the second factor as at every sign-in.
package struct Recovery: Sendable {
  let database: any Database
  let vault: Vault
  let passwords: Passwords
  let policy: PasswordPolicy
  let outbox: Outbox
  let notices: Notices
  let links: Links
  let settings: AccountSettings
  let passkeys: PasskeySettings
  private let pace: PasswordPace
  private let messagePace: MessagePace
  let now: Now

  package init(
    database: any Database, vault: Vault, passwords: Passwords, policy: PasswordPolicy, outbox: Outbox, notices: Notices, links: Links,
    settings: AccountSettings, passkeys: PasskeySettings, pace: PasswordPace, messagePace: MessagePace, now: Now
  ) {
    self.database = database
    self.vault = vault
    self.passwords = passwords
    self.policy = policy
    self.outbox = outbox
    self.notices = notices
    self.links = links
    self.settings = settings
    self.passkeys = passkeys
    self.pace = pace
    self.messagePace = messagePace
    self.now = now
  }

  /// Sends a code to the account's address, if there is such an account and it can be recovered. Tells nothing of that: the same is
  /// read and written in every case, but where one was begun for this name less than `RecoveryStore.pause` ago, whoever is called
  /// so, or too much was asked for: then nothing is sent. Answers why, for the log alone.
  package func start(_ name: String) async throws -> String? {
    let username = try? Username(name, allowsUnicode: settings.allowsUnicode)
    let digest = usernameDigest(username?.text ?? name, vault)
    let at = now()
    let id = StartedRecovery.ID(at: at)
    let code = OpaqueCredential(.recovery, for: id)
    let charge = Once<Bool>()
    return try await database.transaction { db in
      let store = RecoveryStore(db)
      guard try !store.isPaused(digest, at: at) else { return "a recovery was begun for this name less than 5 minutes ago" }
      // What nobody is called by stands in for what nobody could be called by.
      let account = try AccountStore(db).account(named: username ?? .nobody)
      var recipient = try recipient(of: account, db, at: at)
      // One mailbox may be that of several names.
      let isPaced = charge { [recipient] in messagePace.withholdsRecovery(to: recipient, orNobody: digest, at: at) }
      if isPaced { recipient = nil }
      let recovery = StartedRecovery(
        id: id, account: recipient == nil ? nil : account?.id, address: account?.email ?? "",
        passwordChangedAt: account?.password?.changedAt ?? at, attempts: 0)
      try store.insert(recovery, digest, digest: code.digest, at: at)
      let values = MessageValues([
        .link: links.url(.recovery, code: code.text), .code: code.text, .expires: (at + RecoveryState.lifetime).forPeople,
        .username: account?.username.text ?? name,
      ])
      try outbox.send(.recovery, to: recipient, values, in: account?.language, lifetime: RecoveryState.lifetime, db, at: at)
      return isPaced ? "paced by recipient or total" : nil
    }
  }

  /// The mailbox of an account that can be recovered: enabled, with a password to be replaced and a factor to be shown.
  private func recipient(of account: Account?, _ db: any Transaction, at instant: Instant) throws -> MailAddress? {
    let factors = try FactorStore(db).factors(of: account?.id ?? Account.ID(at: instant))
    guard let account, account.isEnabled, account.password != nil, factors.contains(where: \.isConfirmed) else { return nil }
    return account.email.flatMap { MailAddress($0) }
  }

  /// What a recovery can be finished with.
  package struct Options: Sendable {
    package let methods: [FactorMethod]
    /// Where a passkey is enrolled.
    package let passkey: RequestOptions?
  }

  /// What the owner of a mailed code can answer with, and what a browser needs for a passkey. Uses nothing; `nil` for a code that is
  /// good for nothing.
  package func options(_ code: OpaqueCredential) async throws -> Options? {
    let at = now()
    return try await database.read { db -> Options? in
      guard let (recovery, account) = try RecoveryStore(db).recovery(code, at: at) else { return nil }
      let factors = SecondFactors(db, vault: vault)
      let mailbox = try factors.factors(of: account.id, reachedAt: recovery.address)
      return Options(
        methods: try factors.methods(of: account.id, except: mailbox),
        passkey: try PasskeyFactor(db, settings: passkeys).options(for: code, of: account.id))
    }
  }

  package enum FinishOutcome: Sendable, Equatable {
    case recovered
    /// Unknown, used, over or exhausted; or the account has changed since.
    case invalid
    /// The new password is none; that it was used before only who answered right is told. No answer was taken, and no code used.
    case weak([PasswordFlaw])
    case wrong(attemptsLeft: Int)
    case locked(retryAfter: Duration)
    case paced(PasswordPace.Wait)
    /// The account has no factor of this kind that counts here.
    case factorUnavailable
  }

  /// Replaces the password. Every session, device and key of the account ends, and the password may be tried again from everywhere;
  /// no session opens. Throws `HashingPool.Overloaded`.
  package func finish(
    _ code: OpaqueCredential, _ password: Secret, _ answer: FactorAnswer, by provenance: Provenance
  ) async throws -> FinishOutcome {
    let at = now()
    let found = try await database.read { db -> (Account, [StoredPassword])? in
      guard let account = try RecoveryStore(db).recovery(code, at: at)?.account else { return nil }
      return (account, try PasswordHistoryStore(db).earlier(of: account))
    }
    guard let (account, earlier) = found else { return .invalid }
    if let wait = pace.wait(usernameDigest(account.username.text, vault), .recovering, at: at) { return .paced(wait) }
    let flaws = try await policy.flaws(of: password, hints: account.hints)
    guard flaws.isEmpty else { return .weak(flaws) }
    let repetition = try await policy.repetition(of: password, among: earlier)
    let stored = try await passwords.hash(password, at: now())
    let later = now()
    return try await database.transaction { db in try conclude(code, stored, repetition, answer, db, by: provenance, at: later) }
  }
}

extension Username {
  /// A name that cannot be stored.
  fileprivate static let nobody = Username(stored: " ")
}
