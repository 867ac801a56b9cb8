internal import Delivery
internal import Persistence
package import Primitives

/// A message as it waits.
package struct OutboxRow: Sendable {
  package typealias ID = Identifier<OutboxRow>

  package let id: ID
  package let channel: OutboxChannel
  package let recipient: String
  package let template: String
  package let attempts: Int
  package let createdAt: Instant
  package let nextAt: Instant
  package let expiresAt: Instant
  /// Why the last attempt failed.
  package let fault: String
  let language: String
  let payload: [UInt8]
  let lease: [UInt8]
}

/// The rows of `outbox`.
struct OutboxStore {
  let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  static let purpose = "outbox.payload"

  func insert(
    _ id: OutboxRow.ID, _ message: OutgoingMessage, language: Language, payload: [UInt8], at instant: Instant
  ) throws(DatabaseError) {
    try db.run(
      """
      INSERT INTO outbox (id, channel, recipient, template, language, payload, state, attempts, lease, created_at, next_at, expires_at,
        fault, urgency)
      VALUES (\(id), \(message.recipient.channel.rawValue), \(message.recipient.text), \(message.kind.rawValue),
        \(language.rawValue), \(payload), 'waiting', \(0), NULL, \(instant), \(instant), \(instant + message.lifetime), '',
        \(message.kind.urgency.rawValue))
      """)
    db.announce(.outbox)
  }

  func hasDue(_ channel: OutboxChannel, at instant: Instant) throws(DatabaseError) -> Bool {
    try db.row(
      """
      SELECT id FROM outbox WHERE channel = \(channel.rawValue) AND state = 'waiting'
        AND (next_at <= \(instant) OR next_at > \(instant + Backoff.horizon)) LIMIT 1
      """) != nil
  }

  /// Takes at most `limit` due rows for one who sends, the most urgent first. Another takes a row only after the lease is over. What
  /// lies further ahead than any pause is from a clock that has been set back, and due.
  func claim(
    _ channel: OutboxChannel, _ lease: [UInt8], for duration: Duration, limit: Int, at instant: Instant
  ) throws(DatabaseError) -> [OutboxRow] {
    var rows: [OutboxRow] = []
    for urgency in MessageKind.Urgency.allCases where rows.count < limit {
      rows += try claim(channel, urgency, lease, for: duration, limit: limit - rows.count, at: instant)
    }
    return rows
  }

  private func claim(
    _ channel: OutboxChannel, _ urgency: MessageKind.Urgency, _ lease: [UInt8], for duration: Duration, limit: Int, at instant: Instant
  ) throws(DatabaseError) -> [OutboxRow] {
    var rows: [OutboxRow] = []
    for row in try db.rows(
      """
      UPDATE outbox SET lease = \(lease), next_at = \(instant + duration), attempts = attempts + 1
      WHERE id IN (
        SELECT id FROM outbox WHERE channel = \(channel.rawValue) AND urgency = \(urgency.rawValue) AND state = 'waiting'
          AND (next_at <= \(instant) OR next_at > \(instant + Backoff.horizon))
        ORDER BY next_at LIMIT \(limit)
      ) RETURNING *
      """)
    { rows.append(try Self.row(row)) }
    return rows.sorted { $0.id < $1.id }
  }

  /// Sent, or worth nothing: the row goes, and what it held with it. False where the lease has passed to another.
  @discardableResult func delete(_ row: OutboxRow) throws(DatabaseError) -> Bool {
    try db.row("DELETE FROM outbox WHERE id = \(row.id) AND lease = \(row.lease) RETURNING id") != nil
  }

  func postpone(_ row: OutboxRow, until instant: Instant, because fault: String) throws(DatabaseError) {
    try db.run(
      "UPDATE outbox SET lease = NULL, next_at = \(instant), fault = \(fault) WHERE id = \(row.id) AND lease = \(row.lease)")
  }

  func bury(_ row: OutboxRow, because fault: String) throws(DatabaseError) {
    try db.run(
      "UPDATE outbox SET lease = NULL, state = 'dead', fault = \(fault) WHERE id = \(row.id) AND lease = \(row.lease)")
  }

  /// The earliest moment at which a row is due, leases included; `nil` where nothing waits.
  func nextDue() throws(DatabaseError) -> Instant? {
    var earliest: Instant?
    for channel in OutboxChannel.allCases {
      let row = try db.row(
        "SELECT next_at FROM outbox WHERE channel = \(channel.rawValue) AND state = 'waiting' ORDER BY next_at LIMIT 1")
      guard let next = try row?.instant("next_at") else { continue }
      earliest = min(earliest ?? next, next)
    }
    return earliest
  }

  func waiting(_ channel: OutboxChannel) throws(DatabaseError) -> Int {
    let row = try db.row("SELECT COUNT(*) AS waiting FROM outbox WHERE channel = \(channel.rawValue) AND state = 'waiting'")
    return Int(try row?.integer("waiting") ?? 0)
  }

  func withdraw(_ id: OutboxRow.ID) throws(DatabaseError) { try db.run("DELETE FROM outbox WHERE id = \(id)") }

  /// Seals anew what is outdated among the `limit` rows after `position`; `next` is `nil` at the end of the table.
  func reseal(_ vault: Vault, after position: [UInt8], limit: Int) throws -> (count: Int, next: [UInt8]?) {
    let rows = try db.rows("SELECT id, payload FROM outbox WHERE id > \(position) ORDER BY id LIMIT \(limit)")
    var count = 0
    for row in rows {
      let id = try row.bytes("id")
      let old = try row.bytes("payload")
      guard !old.isEmpty, vault.isOutdated(old) else { continue }
      let new = try vault.seal(try vault.open(old, as: Self.purpose, for: id), as: Self.purpose, for: id)
      try db.run("UPDATE outbox SET payload = \(new) WHERE id = \(id)")
      count += 1
    }
    return (count, rows.count < limit ? nil : try rows.last?.bytes("id"))
  }

  static func row(_ row: Row) throws(DatabaseError) -> OutboxRow {
    guard let channel = OutboxChannel(rawValue: try row.text("channel")) else { throw .unexpectedValue(column: "channel") }
    return OutboxRow(
      id: try row.identifier("id"), channel: channel, recipient: try row.text("recipient"), template: try row.text("template"),
      attempts: Int(try row.integer("attempts")), createdAt: try row.instant("created_at"), nextAt: try row.instant("next_at"),
      expiresAt: try row.instant("expires_at"), fault: try row.text("fault"), language: try row.text("language"),
      payload: try row.bytes("payload"), lease: try row.bytesIfPresent("lease") ?? [])
  }
}
