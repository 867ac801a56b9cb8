internal import Persistence
internal import Primitives

/// The rows of `address_change`: at most one of a kind for each account.
struct AddressChangeStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  struct Row: Sendable {
    typealias ID = Identifier<Row>

    let id: ID
    let kind: AddressChanges.Kind
    let address: String
  }

  func replace(_ change: Row, of account: Account.ID, digest: [UInt8], at instant: Instant) throws(DatabaseError) {
    try db.run("DELETE FROM address_change WHERE account_id = \(account) AND kind = \(change.kind.rawValue)")
    try db.run(
      """
      INSERT INTO address_change (id, account_id, kind, address, digest, attempts, started_at, expires_at)
      VALUES (\(change.id), \(account), \(change.kind.rawValue), \(change.address), \(digest), \(0), \(instant),
        \(instant + AddressChanges.lifetime))
      """)
  }

  /// Takes the change that has this code, which is consumed by it; a code that fits none costs each of them an answer.
  func answer(_ digest: [UInt8], of account: Account.ID, at instant: Instant) throws(DatabaseError) -> Row? {
    let rows = try db.rows(
      """
      UPDATE address_change SET attempts = attempts + 1
      WHERE account_id = \(account) AND expires_at > \(instant) AND attempts < \(AddressChanges.mostAttempts) RETURNING *
      """)
    for row in rows where ConstantTime.areEqual(try row.bytes("digest"), digest) {
      guard let kind = AddressChanges.Kind(rawValue: try row.text("kind")) else { continue }
      let change = Row(id: try row.identifier("id"), kind: kind, address: try row.text("address"))
      try db.run("DELETE FROM address_change WHERE id = \(change.id)")
      return change
    }
    return nil
  }

  /// Deletes at most `limit` that are over; returns how many went.
  func prune(before instant: Instant, limit: Int) throws(DatabaseError) -> Int {
    try db.rows(
      """
      DELETE FROM address_change WHERE id IN (
        SELECT id FROM address_change WHERE expires_at < \(instant) ORDER BY expires_at LIMIT \(limit)
      ) RETURNING id
      """
    ).count
  }
}
