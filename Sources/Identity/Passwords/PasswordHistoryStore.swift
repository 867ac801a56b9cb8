internal import Persistence
internal import Primitives

/// The rows of `password_history`: passwords that an account had, as hashes, so that the last ones are not taken again.
struct PasswordHistoryStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// The present password and those before it, the newest first; as many as may be kept.
  func earlier(of account: Account) throws(DatabaseError) -> [StoredPassword] {
    guard let present = account.password else { return [] }
    var passwords = [present]
    for row in try db.rows(
      """
      SELECT * FROM password_history WHERE account_id = \(account.id) ORDER BY position DESC LIMIT \(PasswordSettings.mostHistory)
      """)
    {
      passwords.append(
        StoredPassword(
          hash: try row.text("hash"), pepperGeneration: Int(try row.integer("pepper")), work: Int(try row.integer("work")),
          changedAt: try row.instant("changed_at")))
    }
    return passwords
  }

  /// Puts the present password among the old ones, of which `kept` stay, the newest. The account's version is the place in the row:
  /// it grows with every change, whatever the clock does.
  func keep(_ account: Account, _ kept: Int) throws(DatabaseError) {
    if kept > 0, let old = account.password {
      try db.run(
        """
        INSERT INTO password_history (account_id, position, hash, pepper, work, changed_at)
        VALUES (\(account.id), \(account.version), \(old.hash), \(old.pepperGeneration), \(old.work), \(old.changedAt))
        ON CONFLICT (account_id, position) DO NOTHING
        """)
    }
    try db.run(
      """
      DELETE FROM password_history WHERE account_id = \(account.id) AND position NOT IN (
        SELECT position FROM password_history WHERE account_id = \(account.id) ORDER BY position DESC LIMIT \(kept)
      )
      """)
  }
}

/// The one way in which a password becomes another: the old one is remembered, and what rests on it is over.
struct PasswordReplacement {
  private let db: any Transaction
  private let kept: Int

  init(_ db: any Transaction, policy: PasswordPolicy) {
    self.db = db
    kept = policy.kept
  }

  /// Devices become strangers, sign-ins that are half done end. Sessions are the caller's.
  func set(_ password: StoredPassword, of account: Account) throws {
    try PasswordHistoryStore(db).keep(account, kept)
    try AccountStore(db).setPassword(password, account.id)
    try ChallengeStore(db).deleteAll(of: account.id)
    try DeviceStore(db).deleteAll(of: account.id)
  }
}
