internal import Persistence
internal import Primitives

/// The rows of `session`. How they end is in `SessionEnd.swift`.
struct SessionStore {
  let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  func insert(_ session: Session, refreshDigest: [UInt8]) throws(DatabaseError) {
    try db.run(
      """
      INSERT INTO session (id, account_id, application_id, device_id, audience, requested_roles, amr, acr, authenticated_at,
        refresh_digest, refresh_expires_at, created_at, last_used_at, expires_at, ended_at, address, user_agent)
      VALUES (\(session.id), \(session.account), \(session.application), \(session.device), \(session.audience),
        \(session.requestedRoles?.joined(separator: " ")), \(session.amr.joined(separator: " ")), \(session.acr),
        \(session.authenticatedAt), \(refreshDigest), \(session.refreshExpiresAt), \(session.createdAt), \(session.lastUsedAt),
        \(session.expiresAt), NULL, \(session.address), \(session.userAgent))
      """)
  }

  func session(_ id: Session.ID) throws(DatabaseError) -> (session: Session, endedAt: Instant?)? {
    guard let row = try db.row("SELECT * FROM session WHERE id = \(id)") else { return nil }
    return (try session(from: row), try row.instantIfPresent("ended_at"))
  }

  /// A session with what its refresh tokens are told by.
  struct Line: Sendable {
    let session: Session
    let endedAt: Instant?
    let generation: Int64
    let digest: [UInt8]
    let previousDigest: [UInt8]?
    let successor: [UInt8]?
    let rotatedAt: Instant?
  }

  func line(_ id: Session.ID) throws(DatabaseError) -> Line? {
    guard let row = try db.row("SELECT * FROM session WHERE id = \(id)") else { return nil }
    return Line(
      session: try session(from: row), endedAt: try row.instantIfPresent("ended_at"), generation: try row.integer("generation"),
      digest: try row.bytes("refresh_digest"), previousDigest: try row.bytesIfPresent("previous_digest"),
      successor: try row.bytesIfPresent("successor"), rotatedAt: try row.instantIfPresent("rotated_at"))
  }

  /// What a refresh writes.
  struct Rotation: Sendable {
    let session: Session.ID
    /// The digest of the token that was presented, which must still be the current one.
    let digest: [UInt8]
    let successorDigest: [UInt8]
    let successorBox: [UInt8]
    let refreshExpiresAt: Instant
  }

  /// False where another request has rotated the session, or ended it. Changes nothing that standing rests on: announces nothing.
  func rotate(_ rotation: Rotation, at instant: Instant) throws(DatabaseError) -> Bool {
    try db.row(
      """
      UPDATE session SET refresh_digest = \(rotation.successorDigest), previous_digest = \(rotation.digest),
        successor = \(rotation.successorBox), rotated_at = \(instant), generation = generation + 1,
        refresh_expires_at = \(rotation.refreshExpiresAt), last_used_at = \(instant)
      WHERE id = \(rotation.session) AND refresh_digest = \(rotation.digest) AND ended_at IS NULL RETURNING id
      """) != nil
  }

  /// Whoever held the account's factor proved it again.
  func setAuthenticated(_ id: Session.ID, at instant: Instant) throws(DatabaseError) {
    try db.run("UPDATE session SET authenticated_at = \(instant) WHERE id = \(id)")
    db.announce(.session(id.bytes))
  }

  /// An account's live sessions, the newest first.
  func live(of account: Account.ID, at instant: Instant, limit: Int) throws(DatabaseError) -> [Session] {
    try sessions(
      db.rows(
        """
        SELECT * FROM session
        WHERE account_id = \(account) AND ended_at IS NULL AND expires_at > \(instant) AND refresh_expires_at > \(instant)
        ORDER BY created_at DESC, id DESC LIMIT \(limit)
        """))
  }

  /// Everybody's live sessions in the order of their ids, for pages.
  func live(after id: [UInt8], at instant: Instant, limit: Int) throws(DatabaseError) -> [Session] {
    try sessions(
      db.rows(
        """
        SELECT * FROM session
        WHERE id > \(id) AND ended_at IS NULL AND expires_at > \(instant) AND refresh_expires_at > \(instant)
        ORDER BY id LIMIT \(limit)
        """))
  }

  private func sessions(_ rows: [Row]) throws(DatabaseError) -> [Session] {
    var sessions: [Session] = []
    for row in rows { sessions.append(try session(from: row)) }
    return sessions
  }

  private func session(from row: Row) throws(DatabaseError) -> Session {
    Session(
      id: try row.identifier("id"), account: try row.identifier("account_id"),
      application: try row.identifierIfPresent("application_id"), device: try row.identifierIfPresent("device_id"),
      audience: try row.text("audience"), requestedRoles: try row.textIfPresent("requested_roles").map(words),
      amr: words(try row.text("amr")), acr: try row.text("acr"), authenticatedAt: try row.instant("authenticated_at"),
      createdAt: try row.instant("created_at"), lastUsedAt: try row.instant("last_used_at"), expiresAt: try row.instant("expires_at"),
      refreshExpiresAt: try row.instant("refresh_expires_at"), address: try row.text("address"),
      userAgent: try row.text("user_agent"))
  }
}

/// Names that stand in one column, separated by spaces.
func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
