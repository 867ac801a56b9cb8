internal import Persistence
package import Primitives

/// What a sign-in opens: one row for its whole life.
package struct Session: Sendable, Equatable {
  package typealias ID = Identifier<Session>

  package let id: ID
  package let account: Account.ID
  package let application: Application.ID?
  package let device: Device.ID?
  package let audience: String
  /// The roles that the sign-in asked for; `nil` for all.
  package let requestedRoles: [String]?
  package let amr: [String]
  package let acr: String
  /// When the last factor was proven.
  package let authenticatedAt: Instant
  package let createdAt: Instant
  package let expiresAt: Instant
  package let refreshExpiresAt: Instant
  package let address: String
  package let userAgent: String
}

/// The rows of `session`.
struct SessionStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  func insert(_ session: Session, refreshDigest: [UInt8]) throws(DatabaseError) {
    try db.run(
      """
      INSERT INTO session (id, account_id, application_id, device_id, audience, requested_roles, amr, acr, authenticated_at,
        refresh_digest, refresh_expires_at, created_at, last_used_at, expires_at, ended_at, address, user_agent)
      VALUES (\(session.id), \(session.account), \(session.application), \(session.device), \(session.audience),
        \(session.requestedRoles?.joined(separator: " ")), \(session.amr.joined(separator: " ")), \(session.acr),
        \(session.authenticatedAt), \(refreshDigest), \(session.refreshExpiresAt), \(session.createdAt), \(session.createdAt),
        \(session.expiresAt), NULL, \(session.address), \(session.userAgent))
      """)
  }

  func session(_ id: Session.ID) throws(DatabaseError) -> (session: Session, endedAt: Instant?)? {
    guard let row = try db.row("SELECT * FROM session WHERE id = \(id)") else { return nil }
    let session = Session(
      id: id, account: try row.identifier("account_id"), application: try row.identifierIfPresent("application_id"),
      device: try row.identifierIfPresent("device_id"), audience: try row.text("audience"),
      requestedRoles: try row.textIfPresent("requested_roles").map(words), amr: words(try row.text("amr")),
      acr: try row.text("acr"), authenticatedAt: try row.instant("authenticated_at"), createdAt: try row.instant("created_at"),
      expiresAt: try row.instant("expires_at"), refreshExpiresAt: try row.instant("refresh_expires_at"),
      address: try row.text("address"), userAgent: try row.text("user_agent"))
    return (session, try row.instantIfPresent("ended_at"))
  }

  /// Ends every live session of an account and returns how many there were.
  func endAll(of account: Account.ID, at instant: Instant) throws(DatabaseError) -> Int {
    let ended = try db.rows(
      "UPDATE session SET ended_at = \(instant) WHERE account_id = \(account) AND ended_at IS NULL AND expires_at > \(instant) RETURNING id"
    )
    for row in ended { db.announce(.session(try row.bytes("id"))) }
    return ended.count
  }

  /// Deletes at most `limit` sessions that were over before `instant`; returns how many went.
  func prune(before instant: Instant, limit: Int) throws(DatabaseError) -> Int {
    try db.rows(
      """
      DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires_at < \(instant) ORDER BY expires_at LIMIT \(limit))
      RETURNING id
      """
    ).count
  }
}

/// Names that stand in one column, separated by spaces.
func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
