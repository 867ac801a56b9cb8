internal import Journal
internal import Persistence
internal import Primitives

/// Why a session ended before its time. The raw value stands in the record.
enum SessionEnd: String, Sendable {
  case logout
  /// By its user from another session, or by the operator.
  case revoked
  /// The user opened more than `tokens.sessionsPerUser`.
  case replaced
  /// A refresh token that was used came again.
  case theft
  case password
  case recovery
  case factorsReset = "factors_reset"
  case disabled
  case deleted

  /// Which sessions are to end.
  enum Scope: Sendable {
    case one(Session.ID)
    /// One, where it is this account's.
    case oneOf(Account.ID, Session.ID)
    case all(of: Account.ID)
    case others(of: Account.ID, than: Session.ID)
    /// All but the newest `keeping`.
    case oldest(of: Account.ID, keeping: Int)
    /// Everybody's: at most `limit` of those that follow an id.
    case next(after: [UInt8], limit: Int)
  }
}

/// The one way in which sessions end: no door opens from the commit on, whoever keeps a session in mind is told, and the record
/// says why.
extension SessionStore {
  /// Returns the live ones that have ended by this.
  func end(
    _ scope: SessionEnd.Scope, because reason: SessionEnd, by provenance: Provenance, at instant: Instant
  ) throws(DatabaseError) -> [Session.ID] {
    var ended: [Session.ID] = []
    for id in try ids(scope, at: instant) {
      let row = try db.row(
        "UPDATE session SET ended_at = \(instant), successor = NULL WHERE id = \(id) AND ended_at IS NULL RETURNING account_id")
      guard let row else { continue }
      db.announce(.session(id.bytes))
      try RevocationStore(db).append(.session(id), at: instant)
      try AuditLog(db).append(.sessionEnded(id, try row.identifier("account_id"), reason), by: provenance, at: instant)
      ended.append(id)
    }
    return ended
  }

  private func ids(_ scope: SessionEnd.Scope, at instant: Instant) throws(DatabaseError) -> [Session.ID] {
    var ids: [Session.ID] = []
    for row in try db.rows(selection(scope, at: instant)) { ids.append(try row.identifier("id")) }
    return ids
  }

  private func selection(_ scope: SessionEnd.Scope, at instant: Instant) -> SQL {
    switch scope {
    case .one(let id): "SELECT id FROM session WHERE id = \(id) AND ended_at IS NULL AND expires_at > \(instant)"
    case .oneOf(let account, let id):
      "SELECT id FROM session WHERE id = \(id) AND account_id = \(account) AND ended_at IS NULL AND expires_at > \(instant)"
    case .all(let account):
      "SELECT id FROM session WHERE account_id = \(account) AND ended_at IS NULL AND expires_at > \(instant) ORDER BY id"
    case .others(let account, let id):
      """
      SELECT id FROM session WHERE account_id = \(account) AND id <> \(id) AND ended_at IS NULL AND expires_at > \(instant)
      ORDER BY id
      """
    case .oldest(let account, let count):
      // The limit is there because SQLite knows no offset without one.
      """
      SELECT id FROM session
      WHERE account_id = \(account) AND ended_at IS NULL AND expires_at > \(instant) AND refresh_expires_at > \(instant)
      ORDER BY created_at DESC, id DESC LIMIT \(Self.mostAtOnce) OFFSET \(count)
      """
    case .next(let id, let limit):
      "SELECT id FROM session WHERE id > \(id) AND ended_at IS NULL AND expires_at > \(instant) ORDER BY id LIMIT \(limit)"
    }
  }

  private static let mostAtOnce = 1_000
}

extension AuditEvent {
  fileprivate static func sessionEnded(_ session: Session.ID, _ account: Account.ID, _ reason: SessionEnd) -> AuditEvent {
    AuditEvent("session.ended", subject: "account:\(account)", ["session": "\(session)", "reason": reason.rawValue])
  }
}
