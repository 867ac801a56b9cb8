internal import Cryptography
internal import Delivery
internal import Journal
internal import Persistence
internal import Primitives

/// What the end of a recovery does inside its transaction. Bodies may run twice: they change nothing but the database.
extension Recovery {
  func conclude(
    _ code: OpaqueCredential, _ password: StoredPassword, _ repetition: PasswordFlaw?, _ answer: FactorAnswer, _ db: any Transaction,
    by provenance: Provenance, at instant: Instant
  ) throws -> FinishOutcome {
    let store = RecoveryStore(db)
    guard let (recovery, account) = try store.recovery(code, at: instant) else { return .invalid }
    let factors = SecondFactors(db, vault: vault)
    let mailbox = try factors.factors(of: account.id, reachedAt: recovery.address)
    guard try factors.methods(of: account.id, except: mailbox).contains(answer.method) else { return .factorUnavailable }
    guard try store.takeAttempt(recovery.id) else { return .invalid }
    var state = RecoveryState.started(attemptsLeft: RecoveryState.mostAttempts - recovery.attempts)
    let answered = try event(
      answer, recovery, account.id, factors, mailbox, consuming: repetition == nil, by: provenance, at: instant)
    switch state.handle(answered) {
    case .replacePassword(let proof):
      // Not before the factor: whoever reads the mailbox could try out here which password the account has. Who has shown both lost
      // nothing by it: neither the code nor one of the answers.
      if let repetition {
        try store.giveBackAttempt(recovery.id)
        return .weak([repetition])
      }
      guard try store.consume(recovery.id, of: account.id) else { return .invalid }
      try replace(password, of: account, proof, db, by: provenance, at: instant)
      return .recovered
    case .refuse(let left): return .wrong(attemptsLeft: left)
    case .refuseLocked: return .locked(retryAfter: SignIn.lockRetry)
    case .unknown: return .invalid
    }
  }

  private func event(
    _ answer: FactorAnswer, _ recovery: StartedRecovery, _ account: Account.ID, _ factors: SecondFactors, _ mailbox: Set<Factor.ID>,
    consuming isLast: Bool, by provenance: Provenance, at instant: Instant
  ) throws -> RecoveryState.Event {
    let verdict = try factors.check(
      answer, of: account, except: mailbox, within: .recovery(recovery.id), passkeys: passkeys, by: provenance, at: instant)
    switch verdict {
    case .right(let use):
      guard try !isLast || factors.consume(use, at: instant) else { return .factorWrong }
      return .factorRight(answer.method, bySameMailbox: mailbox.contains(use.factor))
    case .wrong, .unavailable: return .factorWrong
    case .locked: return .factorLocked
    }
  }

  private func replace(
    _ password: StoredPassword, of account: Account, _ proof: RecoveryProof, _ db: any Transaction, by provenance: Provenance,
    at instant: Instant
  ) throws {
    try PasswordReplacement(db, policy: policy).set(password, of: account)
    try end(account.id, because: .recovery, db, by: provenance, at: instant)
    // Both bounds are until recovery: who guessed at factors has to have the new password now.
    try PasswordFailureStore(db).clearAll(usernameDigest(account.username.text, vault))
    try FactorStore(db).clearFailures(of: account.id)
    let event = AuditEvent(
      "account.recovered", subject: "account:\(account.id)", ["username": account.username.text, "method": proof.method.rawValue])
    try AuditLog(db).append(event, by: provenance, at: instant)
    try notices.tell(account, .recovered, db, by: provenance, at: instant)
  }
}
