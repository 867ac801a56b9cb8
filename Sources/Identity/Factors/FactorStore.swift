internal import Persistence
internal import Primitives

/// The rows of `factor`: what all kinds have in common.
struct FactorStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  func insert(_ factor: Factor, of account: Account.ID) throws(DatabaseError) {
    try db.run(
      """
      INSERT INTO factor (id, account_id, kind, failures, created_at, confirmed_at, last_used_at)
      VALUES (\(factor.id), \(account), \(factor.method.rawValue), \(factor.failures), \(factor.createdAt), \(factor.confirmedAt),
        \(factor.lastUsedAt))
      """)
  }

  /// All of an account's factors, the oldest first. A kind that this program does not know is left out.
  func factors(of account: Account.ID) throws(DatabaseError) -> [Factor] {
    var factors: [Factor] = []
    for row in try db.rows("SELECT * FROM factor WHERE account_id = \(account) ORDER BY created_at, kind DESC, id") {
      guard let method = FactorMethod(rawValue: try row.text("kind")) else { continue }
      factors.append(
        Factor(
          id: try row.identifier("id"), method: method, failures: Int(try row.integer("failures")),
          createdAt: try row.instant("created_at"), confirmedAt: try row.instantIfPresent("confirmed_at"),
          lastUsedAt: try row.instantIfPresent("last_used_at")))
    }
    return factors
  }

  /// Returns the new count.
  func countFailure(_ id: Factor.ID) throws(DatabaseError) -> Int {
    Int(try db.row("UPDATE factor SET failures = failures + 1 WHERE id = \(id) RETURNING failures")?.integer("failures") ?? 0)
  }

  func recordUse(_ id: Factor.ID, at instant: Instant) throws(DatabaseError) {
    try db.run("UPDATE factor SET failures = 0, last_used_at = \(instant) WHERE id = \(id)")
  }

  func clearFailures(of account: Account.ID) throws(DatabaseError) {
    try db.run("UPDATE factor SET failures = 0 WHERE account_id = \(account)")
  }
}
