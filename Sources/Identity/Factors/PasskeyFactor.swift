internal import Cryptography
internal import Journal
internal import Persistence
internal import Primitives
internal import WebAuthn

/// Passkeys and security keys as second factors. A wrong signature costs the challenge one of its answers and counts against nothing
/// else: it cannot be guessed, and who guesses all the same must not be able to take the key away from its owner. A counter that
/// does not grow counts against the key.
struct PasskeyFactor {
  private let db: any Transaction
  private let settings: PasskeySettings

  init(_ db: any Transaction, settings: PasskeySettings) {
    self.db = db
    self.settings = settings
  }

  /// What a browser needs to answer `challenge`; `nil` where the account has no passkey.
  func options(for challenge: OpaqueCredential, of account: Account.ID) throws(DatabaseError) -> RequestOptions? {
    let allowed = try PasskeyStore(db).descriptors(of: account)
    guard !allowed.isEmpty else { return nil }
    return RequestOptions(
      challenge: PasskeyAnswer.bytes(for: challenge), party: settings.party, allowed: allowed,
      userVerification: settings.userVerification, timeout: settings.timeout)
  }

  func check(_ answer: PasskeyAnswer, of account: Account.ID, by provenance: Provenance, at instant: Instant) throws -> FactorVerdict {
    guard let passkey = try PasskeyStore(db).passkey(answer.response.credentialID), passkey.account == account,
      answer.response.userHandle.map({ $0 == account.bytes }) ?? true
    else { return .wrong }
    if passkey.isLocked { return .locked }
    let isRequired = settings.userVerification == .required
    guard let assertion = Self.verify(answer, by: passkey, settings, userVerification: isRequired) else { return .wrong }
    guard passkey.isGrowing(to: assertion.counter) else {
      try recordRollback(of: passkey, to: assertion.counter, by: provenance, at: instant)
      return .wrong
    }
    return .right(FactorUse(factor: passkey.factor, mark: .passkey(PasskeyUse(assertion, by: passkey))))
  }

  /// `nil` for a signature that is wrong in any way. Costs the same where there is no such passkey.
  static func verify(
    _ answer: PasskeyAnswer, by passkey: Passkey?, _ settings: PasskeySettings, userVerification isRequired: Bool
  ) -> Assertion? {
    guard let numbers = passkey.map({ try? COSEKey($0.publicKey).numbers }) ?? Passkey.nobody,
      let key = try? CredentialKey(known: numbers)
    else { return nil }
    let assertion = try? Assertion(
      verifying: answer.response, by: key,
      Assertion.Expectation(challenge: answer.challenge, party: settings.party, isUserVerificationRequired: isRequired))
    // WebAuthn, section 7.2, step 18: whether a credential can be backed up never changes.
    guard let assertion, let passkey, assertion.flags.contains(.backupEligible) == passkey.isBackupEligible else { return nil }
    return assertion
  }

  /// Two authenticators have the key, or one of them lost its memory: the answer is refused, and this is on record.
  func recordRollback(of passkey: Passkey, to counter: UInt32, by provenance: Provenance, at instant: Instant) throws {
    let failures = try FactorStore(db).countFailure(passkey.factor)
    let (subject, factor) = ("account:\(passkey.account)", "\(passkey.factor)")
    try AuditLog(db).append(
      AuditEvent(
        "factor.counter_rollback", subject: subject, ["factor": factor, "stored": "\(passkey.counter)", "sent": "\(counter)"]),
      by: provenance, at: instant)
    if failures == Factor.mostFailures {
      try AuditLog(db).append(AuditEvent("factor.locked", subject: subject, ["factor": factor]), by: provenance, at: instant)
    }
  }
}
