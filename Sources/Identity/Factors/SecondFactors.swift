internal import Journal
internal import Persistence
package import Primitives
internal import WebAuthn

/// The one door to an account's second factors: checks an answer, counts failures per factor, consumes what was right. A new
/// method is a case in `FactorMethod` and a line in `use` and `consume`.
struct SecondFactors {
  private let db: any Transaction
  private let vault: Vault

  init(_ db: any Transaction, vault: Vault) {
    self.db = db
    self.vault = vault
  }

  /// What an account can answer with, in the order of `FactorMethod`.
  func methods(of account: Account.ID, except excluded: Set<Factor.ID> = []) throws(DatabaseError) -> [FactorMethod] {
    let factors = try FactorStore(db).factors(of: account).filter { $0.isConfirmed && !excluded.contains($0.id) }
    let usable = Set(factors.map(\.method))
    return FactorMethod.allCases.filter(usable.contains)
  }

  /// Those whose codes go to this mailbox: where it is what an account is recovered by, none of them is a second factor.
  func factors(of account: Account.ID, reachedAt address: String) throws(DatabaseError) -> Set<Factor.ID> {
    let recipients = try CodeAddresses(db).recipients(of: account)
    return Set(recipients.filter { $0.value.channel == .mail && Mailbox.areSame($0.value.text, address) }.keys)
  }

  /// Evaluates a guess and, where it is wrong, counts it in the same transaction: parallel guesses cannot pass the bound.
  /// A locked factor is not evaluated, nor is one that is excluded. Nothing is consumed yet. `binding` is what a code that was sent has
  /// to have been asked for; without one there is none. Without `passkeys` no passkey is taken.
  func check(
    _ answer: FactorAnswer, of account: Account.ID, except excluded: Set<Factor.ID> = [], within binding: CodeBinding?,
    passkeys: PasskeySettings? = nil, by provenance: Provenance, at instant: Instant
  ) throws -> FactorVerdict {
    var factors = try FactorStore(db).candidates(answer.method, of: account)
    if !excluded.isEmpty { factors.removeAll { excluded.contains($0.id) } }
    guard !factors.isEmpty else {
      try rehearse(answer, at: instant)
      return .unavailable
    }
    if let passkey = answer.passkey {
      guard let passkeys else { return .unavailable }
      return try PasskeyFactor(db, settings: passkeys).check(passkey, of: account, by: provenance, at: instant)
    }
    factors.removeAll(where: \.isLocked)
    guard !factors.isEmpty else { return .locked }
    for candidate in factors {
      if let use = try use(answer, of: candidate, within: binding, at: instant) { return .right(use) }
    }
    for factor in factors where try FactorStore(db).countFailure(factor.id) == Factor.mostFailures {
      try AuditLog(db).append(.factorLocked(factor.id, account), by: provenance, at: instant)
    }
    return .wrong
  }

  /// What `check` does with a wrong answer, to no effect: a refusal for the password takes as long as one for the code, or its time
  /// would say that the password was right. `account` may be nobody's; at `most` as many of its factors are gone through.
  func rehearse(_ answer: FactorAnswer, of account: Account.ID, most: Int = .max, at instant: Instant) throws {
    _ = try methods(of: account)
    let factors = try FactorStore(db).candidates(answer.method, of: account).prefix(most)
    guard answer.passkey == nil else { return }
    for candidate in factors {
      do {
        _ = try use(answer, of: candidate, within: nil, at: instant)
      } catch is VaultError {
        // A box that does not open is its owner's trouble: the answer to somebody else's name would tell that it is nobody's.
        try TOTPFactor(db, vault: vault).rehearse(answer.code, at: instant)
      }
      _ = try FactorStore(db).countFailure(candidate.id, adding: 0)
    }
    if factors.isEmpty { try rehearse(answer, at: instant) }
  }

  /// Where there is no factor to be compared with.
  private func rehearse(_ answer: FactorAnswer, at instant: Instant) throws {
    try TOTPFactor(db, vault: vault).rehearse(answer.code, at: instant)
    _ = try FactorStore(db).countFailure(.init(at: instant), adding: 0)
  }

  /// False where a parallel request was first.
  func consume(_ use: FactorUse, at instant: Instant) throws(DatabaseError) -> Bool {
    let isFirst: Bool
    switch use.mark {
    // Records the use in the same statement.
    case .totpStep(let step): return try TOTPFactor(db, vault: vault).consume(step: step, of: use.factor, at: instant)
    case .recoveryCode(let digest): isFirst = try RecoveryCodes(db, vault: vault).consume(digest, of: use.factor, at: instant)
    case .sentCode(let digest): isFirst = try CodeFactor(db, vault: vault).consume(digest, of: use.factor)
    case .passkey(let passkey): isFirst = try PasskeyStore(db).advance(passkey, of: use.factor)
    }
    if isFirst { try FactorStore(db).recordUse(use.factor, at: instant) }
    return isFirst
  }

  private func use(
    _ answer: FactorAnswer, of candidate: FactorStore.Candidate, within binding: CodeBinding?, at instant: Instant
  ) throws -> FactorUse? {
    let factor = candidate.id
    return switch answer.method {
    case .totp: try TOTPFactor(db, vault: vault).use(answer.code, of: candidate, at: instant)
    case .recoveryCode: try RecoveryCodes(db, vault: vault).use(answer.code, of: factor)
    case .email, .sms: try CodeFactor(db, vault: vault).use(answer.code, of: factor, within: binding, at: instant)
    // A passkey is never answered with a code.
    case .webauthn: nil
    }
  }
}

/// What a caller brought as second factor.
package struct FactorAnswer: Sendable {
  package let method: FactorMethod
  package let code: Secret
  /// In the place of a code.
  let passkey: PasskeyAnswer?

  package init(method: FactorMethod, code: Secret) {
    self.method = method
    self.code = code
    passkey = nil
  }

  package init(_ passkey: PasskeyAnswer) {
    method = .webauthn
    code = Secret(copying: [])
    self.passkey = passkey
  }
}

extension AuditEvent {
  fileprivate static func factorLocked(_ factor: Factor.ID, _ account: Account.ID) -> AuditEvent {
    AuditEvent("factor.locked", subject: "account:\(account)", ["factor": "\(factor)"])
  }
}
