internal import Cryptography
internal import Persistence
internal import Primitives

/// Time-based one-time passwords (RFC 6238). The secret is sealed and bound to its row; a step, once used, is never good again,
/// nor is any before it, so a clock that steps back opens nothing.
struct TOTPFactor {
  private let db: any Transaction
  private let vault: Vault

  init(_ db: any Transaction, vault: Vault) {
    self.db = db
    self.vault = vault
  }

  /// Bytes; RFC 4226, section 4 recommends 160 bits.
  static let secretLength = 20
  // Bound to a column that stands elsewhere by now: boxes are not sealed anew for a name.
  private static let purpose = "totp_factor.secret"

  func insert(_ totp: TOTP, of factor: Factor.ID) throws {
    let sealed = try vault.seal(totp.secret, as: Self.purpose, for: factor.bytes)
    try db.run(
      """
      UPDATE factor SET totp_secret = \(sealed), totp_algorithm = \(totp.algorithm.rawValue), totp_digits = \(totp.digits),
        totp_period = \(totp.period)
      WHERE id = \(factor)
      """)
  }

  /// The use that `code` would be, `nil` where it is wrong or its step is used. Accepts one step to either side (RFC 6238,
  /// section 5.2).
  func use(_ code: Secret, of candidate: FactorStore.Candidate, at instant: Instant) throws -> FactorUse? {
    let (factor, row) = (candidate.id, candidate.row)
    guard let sealed = try row.bytesIfPresent("totp_secret") else { return nil }
    let totp = TOTP(
      secret: try vault.open(sealed, as: Self.purpose, for: factor.bytes),
      algorithm: try algorithm(of: row), digits: Int(try row.integer("totp_digits")),
      period: try row.integer("totp_period"))
    let lastUsed = try row.integer("last_step")
    let step = code.withBytes { totp.matchingStep($0, at: instant, after: lastUsed) }
    return step.map { FactorUse(factor: factor, mark: .totpStep($0)) }
  }

  /// The work of `use` where there is no such factor.
  func rehearse(_ code: Secret, at instant: Instant) throws {
    let totp = TOTP(secret: .random(count: Self.secretLength))
    _ = try vault.seal(totp.secret, as: Self.purpose, for: Factor.ID(at: instant).bytes)
    _ = code.withBytes { totp.matchingStep($0, at: instant, after: 0) }
  }

  /// Seals anew what is outdated among the `limit` rows after `position`; `next` is `nil` at the end of the table.
  func reseal(after position: [UInt8], limit: Int) throws -> (count: Int, next: [UInt8]?) {
    let rows = try db.rows(
      "SELECT id, totp_secret FROM factor WHERE id > \(position) AND totp_secret IS NOT NULL ORDER BY id LIMIT \(limit)")
    var count = 0
    for row in rows {
      let id = try row.bytes("id")
      let old = try row.bytes("totp_secret")
      guard vault.isOutdated(old) else { continue }
      let new = try vault.seal(try vault.open(old, as: Self.purpose, for: id), as: Self.purpose, for: id)
      try db.run("UPDATE factor SET totp_secret = \(new) WHERE id = \(id)")
      count += 1
    }
    return (count, rows.count < limit ? nil : try rows.last?.bytes("id"))
  }

  private func algorithm(of row: Row) throws(DatabaseError) -> HOTP.Algorithm {
    guard let algorithm = HOTP.Algorithm(rawValue: try row.text("totp_algorithm")) else { throw .unexpectedValue(column: "totp_algorithm") }
    return algorithm
  }

  /// False where another request has used this step or a later one. Also records the use, as `FactorStore.recordUse` does.
  func consume(step: Int64, of factor: Factor.ID, at instant: Instant) throws(DatabaseError) -> Bool {
    try db.row(
      """
      UPDATE factor SET last_step = \(step), failures = 0, last_used_at = \(instant)
      WHERE id = \(factor) AND last_step < \(step) RETURNING failures
      """) != nil
  }
}
