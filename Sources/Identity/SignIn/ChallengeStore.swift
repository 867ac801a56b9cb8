internal import Cryptography
internal import Persistence
internal import Primitives

/// A right password that waits for its second factor.
struct Challenge: Sendable {
  typealias ID = Identifier<Challenge>

  let id: ID
  let account: Account.ID
  /// The application that began, which alone may go on.
  let application: Application.ID?
  /// When the password that was proven was set: a change of password ends the challenge.
  let passwordChangedAt: Instant
  let device: Device.ID?
  /// Of the token that named it: once another has taken its place, the device is no known one here.
  let deviceDigest: [UInt8]?
  let deviceName: String
  let audience: String
  let requestedRoles: [String]?
  let expiresAt: Instant

  static let lifetime = Duration.minutes(5)
  /// However often a code is sent for it: the least that leaves a first one its whole life.
  static let longest = Duration.minutes(15)
  static let mostAttempts = 5
  /// An account has at most this many at once: the oldest go.
  static let mostPerAccount = 20
}

/// The rows of `challenge`.
struct ChallengeStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  func insert(_ challenge: Challenge, digest: [UInt8]) throws(DatabaseError) {
    // Before: of one millisecond's identifiers the newest is not told apart, and this one has to stay.
    try db.run(
      """
      DELETE FROM challenge WHERE account_id = \(challenge.account) AND id NOT IN (
        SELECT id FROM challenge WHERE account_id = \(challenge.account) ORDER BY id DESC LIMIT \(Challenge.mostPerAccount - 1)
      )
      """)
    try db.run(
      """
      INSERT INTO challenge (id, digest, account_id, application_id, password_changed_at, device_id, device_name, audience,
        requested_roles, attempts, expires_at, used_at, device_digest)
      VALUES (\(challenge.id), \(digest), \(challenge.account), \(challenge.application), \(challenge.passwordChangedAt),
        \(challenge.device), \(challenge.deviceName), \(challenge.audience), \(challenge.requestedRoles?.joined(separator: " ")),
        \(0), \(challenge.expiresAt), NULL, \(challenge.deviceDigest))
      """)
  }

  /// The live challenge behind a credential: known, not used, not expired, begun by the same application.
  func challenge(
    _ credential: OpaqueCredential, for application: Application.ID?, at instant: Instant
  ) throws(DatabaseError) -> Challenge? {
    guard let id: Challenge.ID = credential.identifier(),
      let row = try db.row(
        """
        SELECT * FROM challenge
        WHERE id = \(id) AND used_at IS NULL AND attempts < \(Challenge.mostAttempts) AND expires_at > \(instant)
        """),
      ConstantTime.areEqual(try row.bytes("digest"), credential.digest)
    else { return nil }
    let challenge = Challenge(
      id: id, account: try row.identifier("account_id"), application: try row.identifierIfPresent("application_id"),
      passwordChangedAt: try row.instant("password_changed_at"), device: try row.identifierIfPresent("device_id"),
      deviceDigest: try row.bytesIfPresent("device_digest"), deviceName: try row.text("device_name"), audience: try row.text("audience"),
      requestedRoles: try row.textIfPresent("requested_roles").map(words), expiresAt: try row.instant("expires_at"))
    return challenge.application == application ? challenge : nil
  }

  /// Takes one answer from a challenge; returns how many are left, `nil` where none was left to take.
  func takeAttempt(_ id: Challenge.ID) throws(DatabaseError) -> Int? {
    guard
      let row = try db.row(
        """
        UPDATE challenge SET attempts = attempts + 1
        WHERE id = \(id) AND used_at IS NULL AND attempts < \(Challenge.mostAttempts) RETURNING attempts
        """)
    else { return nil }
    return Challenge.mostAttempts - Int(try row.integer("attempts"))
  }

  /// A code that was sent for it is to be good for as long as it says.
  func prolong(_ id: Challenge.ID, until instant: Instant) throws(DatabaseError) {
    try db.run("UPDATE challenge SET expires_at = \(instant) WHERE id = \(id) AND expires_at < \(instant)")
  }

  /// False where a parallel request was first.
  func consume(_ id: Challenge.ID, at instant: Instant) throws(DatabaseError) -> Bool {
    try db.row("UPDATE challenge SET used_at = \(instant) WHERE id = \(id) AND used_at IS NULL RETURNING id") != nil
  }

  func deleteAll(of account: Account.ID) throws(DatabaseError) {
    try db.run("DELETE FROM challenge WHERE account_id = \(account)")
  }

  /// Deletes at most `limit` that are over; returns how many went.
  func prune(before instant: Instant, limit: Int) throws(DatabaseError) -> Int {
    try db.rows(
      """
      DELETE FROM challenge WHERE id IN (SELECT id FROM challenge WHERE expires_at < \(instant) ORDER BY expires_at LIMIT \(limit))
      RETURNING id
      """
    ).count
  }
}
