internal import Cryptography
internal import Journal
package import Persistence
package import Primitives
package import Telemetry
internal import Tokens

/// Password, second factor, session: the two calls of a sign-in on one state machine (`SignInState`).
///
/// The password is checked outside of any transaction, on the hashing pool. Everything that follows from it happens in one
/// transaction: the bound on failures, the factor, its consumption, the session, the record.
package struct SignIn: Sendable {
  let database: any Database
  let vault: Vault
  let passwords: Passwords
  let passkeys: Passkeys
  let sessions: Sessions
  let roles: LiveRoleGraph
  let pace: PasswordPace
  let settings: AccountSettings
  let devices: DeviceSettings
  let log: Log
  let now: Now

  package init(
    database: any Database, vault: Vault, passwords: Passwords, passkeys: Passkeys, sessions: Sessions, roles: LiveRoleGraph,
    pace: PasswordPace, settings: AccountSettings, devices: DeviceSettings, log: Log, now: Now
  ) {
    self.database = database
    self.vault = vault
    self.passwords = passwords
    self.passkeys = passkeys
    self.sessions = sessions
    self.roles = roles
    self.pace = pace
    self.settings = settings
    self.devices = devices
    self.log = log
    self.now = now
  }

  /// `POST /auth`. Throws `HashingPool.Overloaded` and `DatabaseError`.
  package func begin(_ request: SignInRequest) async throws -> SignInOutcome {
    let username = try? Username(request.username, allowsUnicode: settings.allowsUnicode)
    let digest = digest(of: request, username)
    let (account, device, standIn) = try await candidate(username, request.session.deviceToken)
    if let wait = pace.wait(digest, device.map { .device($0.id) } ?? .unknown, at: now()) { return .paced(wait) }
    let isRight = try await passwords.verify(request.password, against: account?.password)
    let attempt = PasswordAttempt(request: request, digest: digest, account: account, standIn: standIn, isRight: isRight)
    let graph = try await roles.current()
    let at = now()
    let conclusion = try await decide { db in try self.conclude(attempt, graph, db, at: at) }
    if case .opened = conclusion, let account { await rehash(request.password, of: account) }
    return try finish(conclusion, at: at)
  }

  /// Whose name it is, and from which of his devices; where it is nobody's, an account whose rows are read in the place of his.
  private func candidate(_ username: Username?, _ token: OpaqueCredential?) async throws -> (Account?, Device?, standIn: Account.ID?) {
    let at = now()
    return try await database.read { db in
      guard let username, let account = try AccountStore(db).account(named: username) else {
        return (nil, nil, try FactorStore(db).anyHolder())
      }
      return (account, try token.flatMap { try DeviceStore(db).device($0, of: account.id, at: at) }, nil)
    }
  }

  /// `POST /auth/mfa`. Throws `DatabaseError`.
  package func answer(_ call: ChallengeAnswer) async throws -> SignInOutcome {
    let graph = try await roles.current()
    let at = now()
    let conclusion = try await decide { db in try self.conclude(call, graph, db, at: at) }
    return try finish(conclusion, at: at)
  }

  private func decide(_ body: @escaping @Sendable (any Transaction) throws -> Conclusion) async throws -> Conclusion {
    do {
      return try await database.transaction(body)
    } catch TokenError.tooManyClaims {
      return .ended(.rolesDoNotFit)
    }
  }

  /// What a name is counted under: a name that cannot exist is counted as it was typed.
  func digest(of request: SignInRequest, _ username: Username?) -> [UInt8] {
    usernameDigest(username?.text ?? request.username, vault)
  }

  private func finish(_ conclusion: Conclusion, at instant: Instant) throws -> SignInOutcome {
    switch conclusion {
    case .opened(let signedIn): return .signedIn(signedIn)
    case .ended(let outcome): return outcome
    }
  }

  /// Brings a right password under today's settings. Only after both factors, so that no answer's time tells that the
  /// password alone was right. A full pool puts it off until the next sign-in.
  private func rehash(_ password: Secret, of account: Account) async {
    guard let old = account.password, passwords.isOutdated(old) else { return }
    do {
      let new = try await passwords.hash(password, at: old.changedAt)
      let at = now()
      try await database.transaction { db in
        guard try AccountStore(db).rehash(new, replacing: old, account.id) else { return }
        try AuditLog(db).append(.account("password_rehashed", account), by: .system, at: at)
      }
    } catch {
      log.warning("password not rehashed", ("account", .string("\(account.id)")), ("fault", .string("\(error)")))
    }
  }
}

/// A password that has been checked, on its way into the transaction.
struct PasswordAttempt: Sendable {
  let request: SignInRequest
  let digest: [UInt8]
  let account: Account?
  /// Where there is no account: somebody else's, so that a refusal reads and writes as much as his would.
  let standIn: Account.ID?
  let isRight: Bool
}

/// What the transaction decided.
enum Conclusion: Sendable {
  case opened(SignedIn)
  case ended(SignInOutcome)
}

/// A username's name in `password_failure`: keyed, so that the table does not list who was tried.
func usernameDigest(_ text: String, _ vault: Vault) -> [UInt8] {
  HMAC.sha256(Array(text.utf8), key: vault.subkey("password_failure.username"))
}
