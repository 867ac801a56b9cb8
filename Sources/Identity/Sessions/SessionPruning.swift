internal import Persistence
internal import Primitives

/// Forgetting what is over, in steps of at most `limit` rows that an index leads to.
extension SessionStore {
  /// Deletes sessions that ended, or whose time was over, before `instant`; returns how many went.
  func prune(before instant: Instant, limit: Int) throws(DatabaseError) -> Int {
    let expired = try db.rows(
      """
      DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires_at < \(instant) ORDER BY expires_at LIMIT \(limit))
      RETURNING id
      """
    ).count
    let ended = try db.rows(
      """
      DELETE FROM session WHERE id IN (
        SELECT id FROM session WHERE ended_at IS NOT NULL AND ended_at < \(instant) ORDER BY ended_at LIMIT \(limit)
      ) RETURNING id
      """
    ).count
    return expired + ended
  }

  /// Deletes the sealed successors whose grace is over, and those whose rotation lies in the future, which only a clock that was
  /// set back can bring about: they must not open again when it gets there. Returns how many went.
  func pruneSuccessors(at instant: Instant, grace: Duration, limit: Int) throws(DatabaseError) -> Int {
    let (first, last) = (instant - grace, instant + RefreshState.clockTolerance)
    return try db.rows(
      """
      UPDATE session SET successor = NULL WHERE id IN (
        SELECT id FROM session WHERE successor IS NOT NULL AND (rotated_at < \(first) OR rotated_at > \(last)) LIMIT \(limit)
      ) RETURNING id
      """
    ).count
  }

  /// Deletes, among the `limit` sessions that follow `id`, those that nothing has refreshed in time before `instant`. `next` is
  /// `nil` at the end of the table. No index leads to them: it would cost every refresh more than this walk costs.
  func pruneIdle(after id: [UInt8], before instant: Instant, limit: Int) throws(DatabaseError) -> (count: Int, next: [UInt8]?) {
    let rows = try db.rows("SELECT id, refresh_expires_at FROM session WHERE id > \(id) ORDER BY id LIMIT \(limit)")
    var count = 0
    for row in rows where try row.instant("refresh_expires_at") < instant {
      try db.run("DELETE FROM session WHERE id = \(try row.bytes("id"))")
      count += 1
    }
    return (count, rows.count < limit ? nil : try rows.last?.bytes("id"))
  }
}
