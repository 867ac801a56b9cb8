internal import Cryptography
internal import Persistence
internal import Primitives

/// One recovery that was begun. `account` is `nil` where nothing was sent, because there is nobody who could be written to.
struct StartedRecovery: Sendable {
  typealias ID = Identifier<StartedRecovery>

  let id: ID
  let account: Account.ID?
  /// Where the code went.
  let address: String
  /// When the password that is to be replaced was set.
  let passwordChangedAt: Instant
  let attempts: Int
}

/// The rows of `recovery`. A name without an account has rows like any other, which are good for nothing.
struct RecoveryStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// For one name nothing is begun more often than this, so that nobody's mailbox is flooded.
  static let pause = Duration.minutes(5)
  static let capacity = 100_000

  /// Whether one was begun for this name just now; a moment in the future is from a clock that has been set back.
  func isPaused(_ usernameDigest: [UInt8], at instant: Instant) throws(DatabaseError) -> Bool {
    try db.row(
      """
      SELECT id FROM recovery
      WHERE username_digest = \(usernameDigest) AND started_at > \(instant - Self.pause) AND started_at <= \(instant) LIMIT 1
      """) != nil
  }

  func insert(
    _ recovery: StartedRecovery, _ usernameDigest: [UInt8], digest: [UInt8], at instant: Instant
  ) throws(DatabaseError) {
    try db.run(
      """
      INSERT INTO recovery (id, username_digest, account_id, digest, address, password_changed_at, attempts, started_at, expires_at)
      VALUES (\(recovery.id), \(usernameDigest), \(recovery.account), \(digest), \(recovery.address), \(recovery.passwordChangedAt),
        \(0), \(instant), \(instant + RecoveryState.lifetime))
      """)
  }

  /// What a code is good for: the live recovery and its account, which is enabled and has password and address still.
  func recovery(
    _ code: OpaqueCredential, at instant: Instant
  ) throws(DatabaseError) -> (recovery: StartedRecovery, account: Account)? {
    guard code.kind == .recovery, let id: StartedRecovery.ID = code.identifier(),
      let row = try db.row(
        """
        SELECT * FROM recovery
        WHERE id = \(id) AND expires_at > \(instant) AND attempts < \(RecoveryState.mostAttempts) AND account_id IS NOT NULL
        """),
      ConstantTime.areEqual(try row.bytes("digest"), code.digest),
      let account = try AccountStore(db).account(try row.identifier("account_id")), account.isEnabled
    else { return nil }
    let recovery = StartedRecovery(
      id: id, account: account.id, address: try row.text("address"), passwordChangedAt: try row.instant("password_changed_at"),
      attempts: Int(try row.integer("attempts")))
    guard account.password?.changedAt == recovery.passwordChangedAt, account.email == recovery.address else { return nil }
    return (recovery, account)
  }

  /// False where parallel answers took the last attempts.
  func takeAttempt(_ id: StartedRecovery.ID) throws(DatabaseError) -> Bool {
    try db.row(
      """
      UPDATE recovery SET attempts = attempts + 1 WHERE id = \(id) AND attempts < \(RecoveryState.mostAttempts) RETURNING attempts
      """) != nil
  }

  func giveBackAttempt(_ id: StartedRecovery.ID) throws(DatabaseError) {
    try db.run("UPDATE recovery SET attempts = attempts - 1 WHERE id = \(id) AND attempts > 0")
  }

  /// Consumes this one, and with it every other of the account. False where a parallel request was first.
  func consume(_ id: StartedRecovery.ID, of account: Account.ID) throws(DatabaseError) -> Bool {
    guard try db.row("DELETE FROM recovery WHERE id = \(id) AND account_id = \(account) RETURNING id") != nil else { return false }
    try db.run("DELETE FROM recovery WHERE account_id = \(account)")
    return true
  }

  /// Deletes at most `limit` that are over, or beyond `capacity`: those first that are good for nothing, so that made-up names push
  /// nobody's recovery out. Returns how many went.
  func prune(before instant: Instant, limit: Int, capacity: Int = Self.capacity) throws(DatabaseError) -> Int {
    let over = try db.rows(
      """
      DELETE FROM recovery WHERE id IN (SELECT id FROM recovery WHERE expires_at < \(instant) ORDER BY expires_at LIMIT \(limit))
      RETURNING id
      """)
    let excess = try db.rows("SELECT id FROM recovery ORDER BY id LIMIT \(limit) OFFSET \(capacity)").count
    guard excess > 0 else { return over.count }
    let idle = try db.rows(
      """
      DELETE FROM recovery WHERE id IN (SELECT id FROM recovery WHERE account_id IS NULL ORDER BY id LIMIT \(excess)) RETURNING id
      """)
    let oldest = try db.rows(
      "DELETE FROM recovery WHERE id IN (SELECT id FROM recovery ORDER BY id LIMIT \(excess - idle.count)) RETURNING id")
    return over.count + idle.count + oldest.count
  }
}
