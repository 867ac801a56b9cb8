package import Cryptography
internal import Journal
package import Persistence
package import Primitives

/// Letting a user in who has no factor: issuing an invitation, and accepting it.
package struct Invitations: Sendable {
  let database: any Database
  let vault: Vault
  let passwords: Passwords
  let policy: PasswordPolicy
  let links: Links
  let notices: Notices
  /// What those hold who registered themselves.
  let registrationRoles: [String]
  private let pace: PasswordPace
  let now: Now

  package init(
    database: any Database, vault: Vault, passwords: Passwords, policy: PasswordPolicy, links: Links, notices: Notices,
    registrationRoles: [String], pace: PasswordPace, now: Now
  ) {
    self.database = database
    self.vault = vault
    self.passwords = passwords
    self.policy = policy
    self.links = links
    self.notices = notices
    self.registrationRoles = registrationRoles
    self.pace = pace
    self.now = now
  }

  package enum AcceptOutcome: Sendable {
    /// An enrolment token, for a first factor.
    case admitted(token: String, account: Account)
    /// Unknown, used, replaced or over; or the account is disabled, or has a factor.
    case invalid
    /// The account has a password, and this is another.
    case refused
    case locked(retryAfter: Duration)
    case paced(PasswordPace.Wait)
    /// The account has no password, and this is none for it.
    case weak([PasswordFlaw])
  }

  /// Sets the account's password where it has none, and checks it where it has one; a wrong one counts as at a sign-in. The
  /// invitation stays good until the first factor is confirmed. Throws `HashingPool.Overloaded` and
  /// `MisconfiguredRegistration`.
  package func accept(_ code: OpaqueCredential, _ password: Secret, _ context: SignInContext) async throws -> AcceptOutcome {
    guard let pending = try await registration(code, at: now()) else { return try await acceptInvitation(code, password, context) }
    return try await register(pending, code, password, context)
  }

  func acceptInvitation(_ code: OpaqueCredential, _ password: Secret, _ context: SignInContext) async throws -> AcceptOutcome {
    let at = now()
    guard let account = try await database.read({ db in try invited(code, db, at: at) })?.account else { return .invalid }
    let digest = usernameDigest(account.username.text, vault)
    if let wait = pace.wait(digest, .invited, at: at) { return .paced(wait) }
    guard account.password != nil else { return try await set(password, of: account, code, context) }
    let isRight = try await passwords.verify(password, against: account.password)
    let later = now()
    return try await database.transaction { db in
      guard let (invitation, current) = try invited(code, db, at: later) else { return .invalid }
      let verdict = try PasswordGuesses(db).judge(isRight, of: account, digest, .invited, by: context.provenance, at: later)
      var state = EnrollmentState.invited
      state.handle(event(verdict))
      switch verdict {
      case .wrong: return .refused
      case .locked: return .locked(retryAfter: SignIn.lockRetry)
      case .right: return try admit(state, invitation, current, context, db, at: later)
      }
    }
  }

  private func event(_ verdict: PasswordGuesses.Verdict) -> EnrollmentState.Event {
    switch verdict {
    case .right: .passwordRight(hasFactor: false)
    case .wrong: .passwordWrong
    case .locked: .passwordLocked
    }
  }

  /// Who loses against a parallel call finds a password there, and is asked for it as everybody else.
  private func set(
    _ password: Secret, of account: Account, _ code: OpaqueCredential, _ context: SignInContext
  ) async throws -> AcceptOutcome {
    let flaws = try await policy.flaws(of: password, hints: account.hints)
    guard flaws.isEmpty else { return .weak(flaws) }
    let stored = try await passwords.hash(password, at: now())
    let at = now()
    let outcome = try await database.transaction { db -> AcceptOutcome? in
      guard let (invitation, current) = try invited(code, db, at: at) else { return .invalid }
      guard try AccountStore(db).setFirstPassword(stored, current.id) else { return nil }
      try AuditLog(db).append(.account("password_set", current), by: context.provenance, at: at)
      var state = EnrollmentState.invited
      state.handle(.passwordSet(hasFactor: false))
      guard let account = try AccountStore(db).account(current.id) else { return .invalid }
      return try admit(state, invitation, account, context, db, at: at)
    }
    guard let outcome else { return try await acceptInvitation(code, password, context) }
    return outcome
  }

  func admit(
    _ state: EnrollmentState, _ invitation: Invitation, _ account: Account, _ context: SignInContext, _ db: any Transaction,
    at instant: Instant
  ) throws -> AcceptOutcome {
    guard state == .admitted else { return .invalid }
    let enrollee = Enrollee(
      id: Enrollee.ID(at: instant), account: account, application: context.application, invitation: invitation.id)
    let token = OpaqueCredential(.enrollment, for: enrollee.id)
    try EnrollmentStore(db).replace(enrollee, digest: token.digest, at: instant)
    try PasswordFailureStore(db).clearAll(usernameDigest(account.username.text, vault))
    try AuditLog(db).append(.invitation("accepted", account.id), by: context.provenance, at: instant)
    return .admitted(token: token.text, account: account)
  }

  /// The live invitation and its account, which is enabled and has no factor.
  private func invited(
    _ code: OpaqueCredential, _ db: any Transaction, at instant: Instant
  ) throws(DatabaseError) -> (invitation: Invitation, account: Account)? {
    guard let invitation = try InvitationStore(db).invitation(code, at: instant),
      let account = try AccountStore(db).account(invitation.account), account.isEnabled,
      try !FactorStore(db).factors(of: account.id).contains(where: \.isConfirmed)
    else { return nil }
    return (invitation, account)
  }
}

extension AuditEvent {
  static func invitation(_ verb: String, _ account: Account.ID) -> AuditEvent {
    AuditEvent("invitation.\(verb)", subject: "account:\(account)")
  }
}
