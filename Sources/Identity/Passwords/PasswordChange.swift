package import Cryptography
package import Journal
package import Persistence
package import Primitives

/// `POST /auth/password`: a user's own new password.
package struct PasswordChange: Sendable {
  private let database: any Database
  private let vault: Vault
  private let passwords: Passwords
  private let present: CurrentPassword
  private let policy: PasswordPolicy
  private let notices: Notices
  private let now: Now

  package init(
    database: any Database, vault: Vault, passwords: Passwords, policy: PasswordPolicy, notices: Notices, pace: PasswordPace, now: Now
  ) {
    self.database = database
    self.vault = vault
    self.passwords = passwords
    self.policy = policy
    self.notices = notices
    present = CurrentPassword(database: database, vault: vault, passwords: passwords, pace: pace)
    self.now = now
  }

  package enum Outcome: Sendable, Equatable {
    case done
    /// No proof of a step-up in this session for this, or a spent one. No password was looked at.
    case unproven
    /// `current` is another; counted with those of the account's other sessions. The proof is not spent.
    case refused
    case locked(retryAfter: Duration)
    case paced(PasswordPace.Wait)
    /// The proof is not spent.
    case weak([PasswordFlaw])
  }

  /// Ends the user's other sessions and makes every device a stranger. Throws `HashingPool.Overloaded`.
  package func change(
    from current: Secret, to new: Secret, proof: OpaqueCredential?, _ live: LiveSession, by provenance: Provenance
  ) async throws -> Outcome {
    let at = now()
    let found = try await database.read { db -> (Account, [StoredPassword])? in
      guard let proof, let account = try DoorKeeper(db).session(live.id, at: at)?.account,
        try StepUpStore(db).isGood(proof, of: live.id, for: .password, at: at)
      else { return nil }
      return (account, try PasswordHistoryStore(db).earlier(of: account))
    }
    guard let proof, let (account, earlier) = found else { return .unproven }
    switch try await present.check(current, of: account, by: provenance, at: at) {
    case .right: break
    case .wrong: return .refused
    case .locked(let wait): return .locked(retryAfter: wait)
    case .paced(let wait): return .paced(wait)
    }
    let flaws = try await policy.flaws(of: new, hints: account.hints, earlier: earlier)
    guard flaws.isEmpty else { return .weak(flaws) }
    return try await replace(account, by: try await passwords.hash(new, at: now()), proof, live, by: provenance)
  }

  private func replace(
    _ account: Account, by password: StoredPassword, _ proof: OpaqueCredential, _ live: LiveSession, by provenance: Provenance
  ) async throws -> Outcome {
    let at = now()
    return try await database.transaction { db in
      guard let current = try DoorKeeper(db).session(live.id, at: at)?.account,
        // Who changed it meanwhile knew the password that was checked here, and it is not the present one any more.
        current.password?.changedAt == account.password?.changedAt,
        try StepUpStore(db).spend(proof, of: live.id, for: .password, at: at)
      else { return .unproven }
      try PasswordReplacement(db, policy: policy).set(password, of: current)
      _ = try SessionStore(db).end(.others(of: account.id, than: live.id), because: .password, by: provenance, at: at)
      try PasswordFailureStore(db).clearAll(usernameDigest(account.username.text, vault))
      try AuditLog(db).append(.account("password_changed", current), by: provenance, at: at)
      try notices.tell(current, .passwordChanged, db, by: provenance, at: at)
      return .done
    }
  }
}
