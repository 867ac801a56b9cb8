internal import Cryptography
internal import Persistence
internal import Primitives

/// An address that somebody wants to register, until the code that was mailed there comes back.
struct PendingRegistration: Sendable {
  let id: Invitation.ID
  let username: Username
  let email: String
  let digest: [UInt8]
}

/// The rows of `registration`. Addresses that have accounts have rows like any other, which are good for nothing.
struct RegistrationStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// For one address nothing is begun more often than this, so that nobody's mailbox is flooded.
  static let pause = Duration.minutes(5)
  static let capacity = 100_000
  /// Of one that is beyond the capacity.
  static let leastLife = Duration.hours(1)

  /// Whether one was begun for this address just now; a moment in the future is from a clock that has been set back.
  func isPaused(_ username: Username, at instant: Instant) throws(DatabaseError) -> Bool {
    try db.row(
      """
      SELECT id FROM registration
      WHERE username = \(username.text) AND started_at > \(instant - Self.pause) AND started_at <= \(instant) LIMIT 1
      """) != nil
  }

  /// What an account is called, and written to in, that is called or reached by this; `nil` where there is none.
  func known(_ username: Username, _ email: String) throws(DatabaseError) -> (name: String, language: String?)? {
    let row = try db.row(
      """
      SELECT username, language FROM account WHERE username = \(username.text)
      UNION SELECT username, language FROM account WHERE email = \(email) LIMIT 1
      """)
    guard let row else { return nil }
    return (try row.text("username"), try row.textIfPresent("language"))
  }

  func insert(_ pending: PendingRegistration, isKnown: Bool, at instant: Instant) throws(DatabaseError) {
    try db.run(
      """
      INSERT INTO registration (id, username, email, is_known, digest, started_at, expires_at)
      VALUES (\(pending.id), \(pending.username.text), \(pending.email), \(isKnown), \(pending.digest), \(instant),
        \(instant + Invitation.lifetime))
      """)
  }

  /// What a code is good for.
  func pending(_ code: OpaqueCredential, at instant: Instant) throws(DatabaseError) -> PendingRegistration? {
    guard code.kind == .invitation, let id: Invitation.ID = code.identifier(),
      let row = try db.row("SELECT * FROM registration WHERE id = \(id) AND expires_at > \(instant)"),
      ConstantTime.areEqual(try row.bytes("digest"), code.digest), try !row.boolean("is_known")
    else { return nil }
    return PendingRegistration(
      id: id, username: Username(stored: try row.text("username")), email: try row.text("email"), digest: try row.bytes("digest"))
  }

  /// Consumes this one, and with it every other of the address. False where a parallel request was first.
  func consume(_ pending: PendingRegistration) throws(DatabaseError) -> Bool {
    guard try db.row("DELETE FROM registration WHERE id = \(pending.id) RETURNING id") != nil else { return false }
    try db.run("DELETE FROM registration WHERE username = \(pending.username.text)")
    return true
  }

  func count() throws(DatabaseError) -> Int {
    Int(try db.row("SELECT COUNT(*) AS waiting FROM registration")?.integer("waiting") ?? 0)
  }

  /// Deletes at most `limit` that are over, or beyond `capacity` the oldest: of a flood nobody is turned away, and whoever was written to
  /// has `leastLife` to answer. Known addresses and unknown ones alike, so that neither loses its pause before the other. Returns how
  /// many went.
  func prune(before instant: Instant, limit: Int, capacity: Int = Self.capacity) throws(DatabaseError) -> Int {
    let over = try db.rows(
      """
      DELETE FROM registration WHERE id IN (
        SELECT id FROM registration WHERE expires_at < \(instant) ORDER BY expires_at LIMIT \(limit)
      ) RETURNING id
      """)
    let excess = try db.rows("SELECT id FROM registration ORDER BY id LIMIT \(limit) OFFSET \(capacity)").count
    guard excess > 0 else { return over.count }
    let oldest = try db.rows(
      """
      DELETE FROM registration WHERE id IN (
        SELECT id FROM registration WHERE started_at < \(instant - Self.leastLife) ORDER BY id LIMIT \(excess)
      ) RETURNING id
      """)
    return over.count + oldest.count
  }
}
