package import Persistence
package import Primitives

/// What could not be sent: listed for the operator, tried again or thrown away by him.
package struct DeadLetters: Sendable {
  private let database: any Database
  private let now: Now

  package init(database: any Database, now: Now) {
    self.database = database
    self.now = now
  }

  /// At most `limit` of each, the oldest first: what waits, and what nobody took.
  package func list(limit: Int) async throws -> (waiting: [OutboxRow], dead: [OutboxRow]) {
    try await database.read { db in
      let store = OutboxStore(db)
      return (try store.list(state: "waiting", limit: limit), try store.list(state: "dead", limit: limit))
    }
  }

  /// Dead letters that go out again, and what waits for another attempt goes out now; those that are worth nothing any more stay.
  /// `nil` for all. Returns how many.
  package func retry(_ id: OutboxRow.ID?) async throws -> Int {
    let at = now()
    return try await database.transaction { try OutboxStore($0).revive(id, at: at) }
  }

  /// `nil` for all. Returns how many went.
  package func discard(_ id: OutboxRow.ID?) async throws -> Int {
    try await database.transaction { try OutboxStore($0).discard(id) }
  }
}

extension OutboxStore {
  /// The most dead letters that are kept; past it the oldest go.
  private static let mostDead = 10_000

  fileprivate func list(state: String, limit: Int) throws(DatabaseError) -> [OutboxRow] {
    var rows: [OutboxRow] = []
    for row in try db.rows("SELECT * FROM outbox WHERE state = \(state) ORDER BY id LIMIT \(limit)") { rows.append(try Self.row(row)) }
    return rows
  }

  fileprivate func revive(_ id: OutboxRow.ID?, at instant: Instant) throws(DatabaseError) -> Int {
    let rows =
      if let id {
        try db.rows(
          """
          UPDATE outbox SET state = 'waiting', attempts = 0, next_at = \(instant)
          WHERE id = \(id) AND lease IS NULL AND expires_at > \(instant) RETURNING id
          """)
      } else {
        try db.rows(
          """
          UPDATE outbox SET state = 'waiting', attempts = 0, next_at = \(instant)
          WHERE lease IS NULL AND expires_at > \(instant) RETURNING id
          """)
      }
    if !rows.isEmpty { db.announce(.outbox) }
    return rows.count
  }

  fileprivate func discard(_ id: OutboxRow.ID?) throws(DatabaseError) -> Int {
    if let id { return try db.rows("DELETE FROM outbox WHERE id = \(id) AND state = 'dead' RETURNING id").count }
    return try db.rows("DELETE FROM outbox WHERE state = 'dead' RETURNING id").count
  }

  /// Empties dead letters that are worth nothing any more, whose text may hold a code, and deletes them a week later; keeps the
  /// newest. At most `limit` at a time; returns how many.
  func pruneDead(at instant: Instant, limit: Int) throws(DatabaseError) -> Int {
    let none: [UInt8] = []
    let emptied = try db.rows(
      """
      UPDATE outbox SET payload = \(none) WHERE id IN (
        SELECT id FROM outbox WHERE state = 'dead' AND expires_at < \(instant) AND payload <> \(none) LIMIT \(limit)
      ) RETURNING id
      """)
    let old = try db.rows(
      """
      DELETE FROM outbox WHERE id IN (
        SELECT id FROM outbox WHERE state = 'dead' AND expires_at < \(instant - .days(7)) LIMIT \(limit)
      ) RETURNING id
      """)
    let excess = try db.rows(
      """
      DELETE FROM outbox WHERE id IN (
        SELECT id FROM outbox WHERE state = 'dead' ORDER BY id DESC LIMIT \(limit) OFFSET \(Self.mostDead)
      ) RETURNING id
      """)
    return emptied.count + old.count + excess.count
  }
}
