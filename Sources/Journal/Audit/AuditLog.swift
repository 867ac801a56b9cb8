package import Persistence
package import Primitives

/// The record: appended to inside the transaction of every change of state, so that there is no change without its entry and
/// no entry without its change.
package struct AuditLog {
  private let db: any Transaction

  package init(_ db: any Transaction) { self.db = db }

  package func append(_ event: AuditEvent, by provenance: Provenance, at instant: Instant) throws(DatabaseError) {
    let head = try head()
    let entry = AuditEntry(event, by: provenance, at: instant, after: head ?? (0, []))
    try move(from: head?.sequence, to: entry)
    try db.run(
      """
      INSERT INTO audit_entry (sequence, happened_at, action, actor, subject, request_id, address, detail, digest)
      VALUES (\(entry.sequence), \(entry.happenedAt), \(entry.action), \(entry.actor), \(entry.subject), \(entry.requestID),
        \(entry.address), \(entry.detail), \(entry.digest))
      """)
  }

  /// The newest `limit` entries, oldest first.
  package func tail(_ limit: Int) throws(DatabaseError) -> [AuditEntry] {
    let rows = try db.rows("SELECT * FROM audit_entry ORDER BY sequence DESC LIMIT \(limit)")
    return try entries(rows).reversed()
  }

  /// At most `limit` entries that follow `sequence`.
  package func entries(after sequence: Int64, limit: Int) throws(DatabaseError) -> [AuditEntry] {
    try entries(db.rows("SELECT * FROM audit_entry WHERE sequence > \(sequence) ORDER BY sequence LIMIT \(limit)"))
  }

  /// The end of the chain, `nil` before the first entry.
  package func head() throws(DatabaseError) -> (sequence: Int64, digest: [UInt8])? {
    guard let row = try db.row("SELECT sequence, digest FROM audit_head WHERE id = 1") else { return nil }
    return (try row.integer("sequence"), try row.bytes("digest"))
  }

  /// Compare-and-swap: where another transaction took the place, the database refuses and the body runs again.
  private func move(from sequence: Int64?, to entry: AuditEntry) throws(DatabaseError) {
    guard let sequence else {
      try db.run("INSERT INTO audit_head (id, sequence, digest) VALUES (1, \(entry.sequence), \(entry.digest))")
      return
    }
    let moved = try db.row(
      """
      UPDATE audit_head SET sequence = \(entry.sequence), digest = \(entry.digest) WHERE id = 1 AND sequence = \(sequence)
      RETURNING sequence
      """)
    if moved == nil { throw .unavailable("the end of the audit chain moved inside a transaction") }
  }

  private func entries(_ rows: [Row]) throws(DatabaseError) -> [AuditEntry] {
    var entries: [AuditEntry] = []
    entries.reserveCapacity(rows.count)
    for row in rows {
      entries.append(
        AuditEntry(
          sequence: try row.integer("sequence"), happenedAt: try row.instant("happened_at"), action: try row.text("action"),
          actor: try row.text("actor"), subject: try row.text("subject"), requestID: try row.text("request_id"),
          address: try row.text("address"), detail: try row.text("detail"), digest: try row.bytes("digest")))
    }
    return entries
  }
}
