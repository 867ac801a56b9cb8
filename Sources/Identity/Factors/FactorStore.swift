internal import Persistence
internal import Primitives

/// The rows of `factor`: what all kinds have in common.
struct FactorStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// `enroller` began it and may confirm it; `nil` for one that needs no confirming.
  func insert(_ factor: Factor, of account: Account.ID, enrolledBy enroller: [UInt8]? = nil) throws(DatabaseError) {
    try db.run(
      """
      INSERT INTO factor (id, account_id, kind, name, failures, created_at, confirmed_at, last_used_at, enrolled_by)
      VALUES (\(factor.id), \(account), \(factor.method.rawValue), \(factor.name), \(factor.failures), \(factor.createdAt),
        \(factor.confirmedAt), \(factor.lastUsedAt), \(enroller))
      """)
  }

  /// All of an account's factors, the oldest first. A kind that this program does not know is left out.
  func factors(of account: Account.ID) throws(DatabaseError) -> [Factor] {
    var factors: [Factor] = []
    let rows = try db.rows(
      """
      SELECT id, kind, name, failures, created_at, confirmed_at, last_used_at FROM factor WHERE account_id = \(account)
      ORDER BY created_at, kind DESC, id
      """)
    for row in rows {
      if let factor = try factor(from: row) { factors.append(factor) }
    }
    return factors
  }

  /// What a guess is judged by: as much of a factor's row as that takes.
  struct Candidate {
    let id: Factor.ID
    let failures: Int
    /// With what an authenticator app has.
    let row: Row

    var isLocked: Bool { failures >= Factor.mostFailures }
  }

  /// What an account can answer with by `method`, in no order; or what it began and has not confirmed.
  func candidates(_ method: FactorMethod, of account: Account.ID, confirmed: Bool = true) throws(DatabaseError) -> [Candidate] {
    let rows =
      confirmed
      ? try db.rows(
        """
        SELECT id, failures, last_step, totp_secret, totp_algorithm, totp_digits, totp_period
        FROM factor WHERE account_id = \(account) AND kind = \(method.rawValue) AND confirmed_at IS NOT NULL
        """)
      : try db.rows(
        """
        SELECT id, failures, last_step, totp_secret, totp_algorithm, totp_digits, totp_period
        FROM factor WHERE account_id = \(account) AND kind = \(method.rawValue) AND confirmed_at IS NULL
        """)
    var candidates: [Candidate] = []
    candidates.reserveCapacity(rows.count)
    for row in rows {
      guard let id = Factor.ID(bytes: try row.bytes("id")) else { throw .unexpectedValue(column: "id") }
      candidates.append(Candidate(id: id, failures: Int(try row.integer("failures")), row: row))
    }
    return candidates
  }

  private func factor(from row: Row) throws(DatabaseError) -> Factor? {
    guard let method = FactorMethod(rawValue: try row.text("kind")) else { return nil }
    return Factor(
      id: try row.identifier("id"), method: method, name: try row.text("name"), failures: Int(try row.integer("failures")),
      createdAt: try row.instant("created_at"), confirmedAt: try row.instantIfPresent("confirmed_at"),
      lastUsedAt: try row.instantIfPresent("last_used_at"))
  }

  /// Returns the new count. With none to add it is the same work for nothing.
  func countFailure(_ id: Factor.ID, adding one: Int = 1) throws(DatabaseError) -> Int {
    Int(try db.row("UPDATE factor SET failures = failures + \(one) WHERE id = \(id) RETURNING failures")?.integer("failures") ?? 0)
  }

  /// Whose one of the newest factors is that are in use; any of them, so that a crowd does not meet at one row.
  func anyHolder() throws(DatabaseError) -> Account.ID? {
    for offset in [Int.random(in: 0..<16), 0] {
      let row = try db.row("SELECT account_id FROM factor WHERE confirmed_at IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET \(offset)")
      if let row { return try row.identifier("account_id") }
    }
    return nil
  }

  func recordUse(_ id: Factor.ID, at instant: Instant) throws(DatabaseError) {
    try db.run("UPDATE factor SET failures = 0, last_used_at = \(instant) WHERE id = \(id)")
  }

  /// One that waits for its first right answer, begun by `enroller` after `begin`.
  func unconfirmed(
    _ id: Factor.ID, of account: Account.ID, begunBy enroller: [UInt8], after begin: Instant
  ) throws(DatabaseError) -> Factor? {
    let row = try db.row(
      """
      SELECT id, kind, name, failures, created_at, confirmed_at, last_used_at FROM factor
      WHERE id = \(id) AND account_id = \(account) AND enrolled_by = \(enroller) AND confirmed_at IS NULL AND created_at > \(begin)
      """)
    return try row.flatMap { row throws(DatabaseError) in try factor(from: row) }
  }

  /// False where a parallel request was first.
  func confirm(_ id: Factor.ID, at instant: Instant) throws(DatabaseError) -> Bool {
    try db.row(
      """
      UPDATE factor SET confirmed_at = \(instant), failures = 0, last_used_at = \(instant), enrolled_by = NULL
      WHERE id = \(id) AND confirmed_at IS NULL RETURNING id
      """) != nil
  }

  func rename(_ id: Factor.ID, _ name: String) throws(DatabaseError) {
    try db.run("UPDATE factor SET name = \(name) WHERE id = \(id)")
  }

  /// False where a parallel request was first.
  func delete(_ id: Factor.ID, of account: Account.ID) throws(DatabaseError) -> Bool {
    try db.row("DELETE FROM factor WHERE id = \(id) AND account_id = \(account) RETURNING id") != nil
  }

  /// Forgets what an account began and never finished, but for the newest `count`.
  func keepNewestUnconfirmed(_ count: Int, of account: Account.ID) throws(DatabaseError) {
    try db.run(
      """
      DELETE FROM factor WHERE account_id = \(account) AND confirmed_at IS NULL AND id NOT IN (
        SELECT id FROM factor WHERE account_id = \(account) AND confirmed_at IS NULL ORDER BY created_at DESC, id DESC LIMIT \(count)
      )
      """)
  }

  /// Deletes at most `limit` that were begun before `instant` and never confirmed; returns how many went.
  func pruneUnconfirmed(before instant: Instant, limit: Int) throws(DatabaseError) -> Int {
    try db.rows(
      """
      DELETE FROM factor WHERE id IN (
        SELECT id FROM factor WHERE confirmed_at IS NULL AND created_at < \(instant) ORDER BY created_at LIMIT \(limit)
      ) RETURNING id
      """
    ).count
  }

  func deleteAll(of account: Account.ID) throws(DatabaseError) -> [Factor.ID] {
    var gone: [Factor.ID] = []
    for row in try db.rows("DELETE FROM factor WHERE account_id = \(account) RETURNING id") { gone.append(try row.identifier("id")) }
    return gone
  }

  func clearFailures(of account: Account.ID) throws(DatabaseError) {
    try db.run("UPDATE factor SET failures = 0 WHERE account_id = \(account)")
  }
}
