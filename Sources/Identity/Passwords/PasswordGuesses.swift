internal import Journal
internal import Persistence
internal import Primitives

/// The one place where a password that was checked is judged: every door that asks for an account's password counts here, by the
/// source that it comes from, so that a second door to the same source gives no further guesses.
struct PasswordGuesses {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  enum Verdict: Sendable, Equatable {
    case right
    case wrong
    case locked
  }

  /// `account` as it was when the password was checked outside of this transaction; `nil` for a name without an account. A wrong
  /// password is counted here, where parallel guesses queue: whatever was hashed meanwhile, only so many get an answer. Where there is
  /// no account `standIn` is read in its place.
  func judge(
    _ isRight: Bool, of account: Account?, standIn: Account.ID? = nil, _ digest: [UInt8], _ source: PasswordSource,
    by provenance: Provenance, at instant: Instant
  ) throws -> Verdict {
    let failures = PasswordFailureStore(db)
    if try failures.failures(digest, source) >= PasswordFailureStore.most { return .locked }
    // Looked at whatever the password was, and whoever has the name: the answer's time does not tell.
    let isStill = try isStill(account, standIn ?? .init(at: instant))
    if isRight, isStill { return .right }
    if try failures.count(digest, source, at: instant) == PasswordFailureStore.most, let account {
      try AuditLog(db).append(.passwordLocked(account.id), by: provenance, at: instant)
    }
    return .wrong
  }

  /// Whether the account is enabled and still has the password that was checked.
  private func isStill(_ account: Account?, _ standIn: Account.ID) throws -> Bool {
    guard let current = try AccountStore(db).account(account?.id ?? standIn), let account, current.isEnabled else { return false }
    return current.password?.changedAt == account.password?.changedAt
  }
}

extension AuditEvent {
  fileprivate static func passwordLocked(_ account: Account.ID) -> AuditEvent {
    AuditEvent("password.locked", subject: "account:\(account)")
  }
}
