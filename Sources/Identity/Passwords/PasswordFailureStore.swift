internal import Persistence
internal import Primitives

/// Wrong passwords in a row, by username and source. Names without an account are counted in the same way, so that neither
/// the answer nor the time to it tells whether a name exists.
struct PasswordFailureStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// NIST SP 800-63B-4, section 3.2.2.
  static let most = 100

  func failures(_ usernameDigest: [UInt8], _ source: PasswordSource) throws(DatabaseError) -> Int {
    let row = try db.row(
      "SELECT failures FROM password_failure WHERE username_digest = \(usernameDigest) AND source = \(source.key)")
    return Int(try row?.integer("failures") ?? 0)
  }

  /// Returns the new count. With none to add it is the same work for nothing.
  func count(
    _ usernameDigest: [UInt8], _ source: PasswordSource, adding one: Int = 1, at instant: Instant
  ) throws(DatabaseError) -> Int {
    let row = try db.row(
      """
      INSERT INTO password_failure (username_digest, source, failures, failed_at) VALUES (\(usernameDigest), \(source.key), \(one), \(instant))
      ON CONFLICT (username_digest, source)
      DO UPDATE SET failures = password_failure.failures + excluded.failures, failed_at = excluded.failed_at
      RETURNING failures
      """)
    return Int(try row?.integer("failures") ?? 1)
  }

  func clear(_ usernameDigest: [UInt8], _ source: PasswordSource) throws(DatabaseError) {
    try db.run("DELETE FROM password_failure WHERE username_digest = \(usernameDigest) AND source = \(source.key)")
  }

  /// Recovery: every source may try again.
  func clearAll(_ usernameDigest: [UInt8]) throws(DatabaseError) {
    try db.run("DELETE FROM password_failure WHERE username_digest = \(usernameDigest)")
  }

  /// Forgets at most `limit` counts that stopped short of the bound before `instant`. What is locked stays, for names with and
  /// without an account alike. Returns how many went.
  func prune(before instant: Instant, limit: Int) throws(DatabaseError) -> Int {
    try db.rows(
      """
      DELETE FROM password_failure WHERE (username_digest, source) IN (
        SELECT username_digest, source FROM password_failure WHERE failed_at < \(instant) AND failures < \(Self.most)
        ORDER BY failed_at LIMIT \(limit)
      ) RETURNING failures
      """
    ).count
  }

  /// The most names that are counted at once, 1 million: an attacker who makes names up has room for no more.
  private static let capacity = 1_000_000

  /// Forgets at most `limit` of the oldest counts beyond the capacity that stopped short of the bound.
  func pruneBeyondCapacity(limit: Int) throws(DatabaseError) -> Int {
    try db.rows(
      """
      DELETE FROM password_failure WHERE (username_digest, source) IN (
        SELECT username_digest, source FROM password_failure WHERE failures < \(Self.most) AND failed_at < (
          SELECT failed_at FROM password_failure ORDER BY failed_at DESC LIMIT 1 OFFSET \(Self.capacity)
        ) ORDER BY failed_at LIMIT \(limit)
      ) RETURNING failures
      """
    ).count
  }
}
