internal import Persistence
internal import Primitives

/// What is worth nothing from a moment on, named as a verifier finds it in a token.
package struct Revocation: Sendable, Equatable {
  /// The claim that holds `subject`; of a key the header.
  package enum Kind: String, Sendable, CaseIterable {
    case session = "sid"
    case account = "sub"
    case application = "client_id"
    case key = "kid"
    case token = "jti"
  }

  package let kind: Kind
  package let subject: String

  /// Never taken back, so that no time of issue matters: whoever stole a key writes what time he likes. Users and applications may
  /// be enabled again, for tokens of later.
  var isFinal: Bool { kind == .session || kind == .key || kind == .token }
}

extension Revocation {
  static func session(_ id: Session.ID) -> Revocation { Revocation(kind: .session, subject: "\(id)") }
  static func account(_ id: Account.ID) -> Revocation { Revocation(kind: .account, subject: "\(id)") }
  static func application(_ id: Application.ID) -> Revocation { Revocation(kind: .application, subject: "\(id)") }
  static func key(_ kid: String) -> Revocation { Revocation(kind: .key, subject: kid) }
}

/// The rows of `revocation`: the feed for verifiers elsewhere. The stores that end sessions, disable, delete and revoke append to
/// it, each in its own transaction.
struct RevocationStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// `expiresAt` is when the last token ends that the revocation names, where that is known better than by the lifetime of all
  /// tokens.
  func append(_ revocation: Revocation, at instant: Instant, expiresAt: Instant? = nil) throws(DatabaseError) {
    let end = if let expiresAt { expiresAt } else { instant + (try longestLifetime()) + KeySchedule.leeway }
    let head = try db.row(
      """
      INSERT INTO revocation_head (id, sequence, revoked_at) VALUES (1, 1, \(instant))
      ON CONFLICT (id) DO UPDATE SET sequence = revocation_head.sequence + 1, revoked_at = \(instant) RETURNING sequence
      """)
    guard let sequence = try head?.integer("sequence") else { throw .unexpectedValue(column: "sequence") }
    try db.run(
      """
      INSERT INTO revocation (sequence, kind, subject, revoked_at, expires_at)
      VALUES (\(sequence), \(revocation.kind.rawValue), \(revocation.subject), \(instant), \(end))
      """)
    db.announce(.revocations)
  }

  /// As the keys remember it: a lifetime that was shortened in the configuration counts until the tokens from before have ended.
  private func longestLifetime() throws(DatabaseError) -> Duration {
    let row = try db.row("SELECT MAX(longest_lifetime) AS longest FROM signing_key WHERE state <> 'gone'")
    return try row?.integerIfPresent("longest").map { .microseconds($0) } ?? .days(1)
  }

  struct Entry: Sendable {
    let cursor: RevocationCursor
    let revocation: Revocation
    let revokedAt: Instant
    let expiresAt: Instant
  }

  /// At most `limit` entries behind `sequence`, in the order in which they happened.
  func entries(after sequence: Int64, limit: Int) throws(DatabaseError) -> [Entry] {
    var entries: [Entry] = []
    for row in try db.rows("SELECT * FROM revocation WHERE sequence > \(sequence) ORDER BY sequence LIMIT \(limit)") {
      guard let kind = Revocation.Kind(rawValue: try row.text("kind")) else { throw .unexpectedValue(column: "kind") }
      entries.append(
        Entry(
          cursor: try cursor(from: row), revocation: Revocation(kind: kind, subject: try row.text("subject")),
          revokedAt: try row.instant("revoked_at"), expiresAt: try row.instant("expires_at")))
    }
    return entries
  }

  /// The feed's end.
  func head() throws(DatabaseError) -> RevocationCursor {
    guard let row = try db.row("SELECT sequence, revoked_at FROM revocation_head WHERE id = 1") else { return .start }
    return try cursor(from: row)
  }

  /// Whether the feed still knows this place: its end, an entry that was not forgotten, or its beginning where none was.
  func knows(_ place: RevocationCursor) throws(DatabaseError) -> Bool {
    if try head() == place { return true }
    if place == .start { return try db.row("SELECT sequence FROM revocation WHERE sequence = 1") != nil }
    guard let row = try db.row("SELECT sequence, revoked_at FROM revocation WHERE sequence = \(place.sequence)") else { return false }
    return try cursor(from: row) == place
  }

  private func cursor(from row: Row) throws(DatabaseError) -> RevocationCursor {
    RevocationCursor(sequence: try row.integer("sequence"), revokedAt: try row.instant("revoked_at"))
  }

  /// Deletes at most `limit` entries that were over before `instant`; returns how many went.
  func prune(before instant: Instant, limit: Int) throws(DatabaseError) -> Int {
    try db.rows(
      """
      DELETE FROM revocation
      WHERE sequence IN (SELECT sequence FROM revocation WHERE expires_at < \(instant) ORDER BY expires_at LIMIT \(limit))
      RETURNING sequence
      """
    ).count
  }
}

/// A place in the feed. It names its entry by number and time, so that a place of another history (a database that was restored
/// from a copy) is told from one of this.
package struct RevocationCursor: Sendable, Equatable, CustomStringConvertible {
  let sequence: Int64
  let revokedAt: Instant

  static let start = RevocationCursor(sequence: 0, revokedAt: Instant(microseconds: 0))

  init(sequence: Int64, revokedAt: Instant) {
    self.sequence = sequence
    self.revokedAt = revokedAt
  }

  /// Reads what `description` wrote; `nil` for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
    guard parts.count == 2, let sequence = parts[0], let moment = parts[1], sequence >= 0 else { return nil }
    self.init(sequence: sequence, revokedAt: Instant(microseconds: moment))
  }

  package var description: String { "\(sequence)-\(revokedAt.microseconds)" }
}
