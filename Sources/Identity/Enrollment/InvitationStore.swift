internal import Cryptography
internal import Persistence
internal import Primitives

/// The rows of `invitation`, one an account.
struct InvitationStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// In the place of an older one, whose enrolment tokens end with it.
  func replace(_ invitation: Invitation, digest: [UInt8], at instant: Instant) throws(DatabaseError) {
    _ = try delete(of: invitation.account)
    try db.run(
      """
      INSERT INTO invitation (id, account_id, digest, created_at, expires_at)
      VALUES (\(invitation.id), \(invitation.account), \(digest), \(instant), \(invitation.expiresAt))
      """)
  }

  /// The live invitation behind a code.
  func invitation(_ code: OpaqueCredential, at instant: Instant) throws(DatabaseError) -> Invitation? {
    guard code.kind == .invitation, let id: Invitation.ID = code.identifier(),
      let row = try db.row("SELECT * FROM invitation WHERE id = \(id) AND expires_at > \(instant)"),
      ConstantTime.areEqual(try row.bytes("digest"), code.digest)
    else { return nil }
    return try invitation(from: row)
  }

  func invitation(of account: Account.ID, at instant: Instant) throws(DatabaseError) -> Invitation? {
    let row = try db.row("SELECT * FROM invitation WHERE account_id = \(account) AND expires_at > \(instant)")
    return try row.map { row throws(DatabaseError) in try invitation(from: row) }
  }

  /// False where a parallel request was first.
  func consume(_ id: Invitation.ID) throws(DatabaseError) -> Bool {
    try db.row("DELETE FROM invitation WHERE id = \(id) RETURNING id") != nil
  }

  /// False where there was none.
  func delete(of account: Account.ID) throws(DatabaseError) -> Bool {
    try db.row("DELETE FROM invitation WHERE account_id = \(account) RETURNING id") != nil
  }

  /// Deletes at most `limit` that are over; returns how many went.
  func prune(before instant: Instant, limit: Int) throws(DatabaseError) -> Int {
    try db.rows(
      """
      DELETE FROM invitation WHERE id IN (SELECT id FROM invitation WHERE expires_at < \(instant) ORDER BY expires_at LIMIT \(limit))
      RETURNING id
      """
    ).count
  }

  private func invitation(from row: Row) throws(DatabaseError) -> Invitation {
    Invitation(id: try row.identifier("id"), account: try row.identifier("account_id"), expiresAt: try row.instant("expires_at"))
  }
}

/// The rows of `enrollment`: what an accepted invitation gave, one an invitation.
struct EnrollmentStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// In the place of an older one of the same invitation.
  func replace(_ enrollee: Enrollee, digest: [UInt8], at instant: Instant) throws(DatabaseError) {
    try db.run("DELETE FROM enrollment WHERE invitation_id = \(enrollee.invitation)")
    try db.run(
      """
      INSERT INTO enrollment (id, invitation_id, application_id, digest, password_changed_at, expires_at)
      VALUES (\(enrollee.id), \(enrollee.invitation), \(enrollee.application?.id), \(digest),
        \(enrollee.account.password?.changedAt ?? enrollee.account.createdAt), \(instant + Enrollee.lifetime))
      """)
  }

  /// Whoever holds this token, if it is live.
  func enrollee(_ token: OpaqueCredential, at instant: Instant) throws(DatabaseError) -> Enrollee? {
    guard token.kind == .enrollment, let id: Enrollee.ID = token.identifier(),
      let row = try row(id, at: instant), ConstantTime.areEqual(try row.bytes("digest"), token.digest)
    else { return nil }
    return try enrollee(from: row)
  }

  /// The same again, inside the transaction of what it is used for.
  func enrollee(_ id: Enrollee.ID, at instant: Instant) throws(DatabaseError) -> Enrollee? {
    try row(id, at: instant).flatMap { row throws(DatabaseError) in try enrollee(from: row) }
  }

  private func row(_ id: Enrollee.ID, at instant: Instant) throws(DatabaseError) -> Row? {
    try db.row(
      """
      SELECT enrollment.*, invitation.account_id
      FROM enrollment JOIN invitation ON invitation.id = enrollment.invitation_id
      WHERE enrollment.id = \(id) AND enrollment.expires_at > \(instant)
      """)
  }

  /// `nil` where the account is disabled, its password another by now, it has a factor, or the application is gone.
  private func enrollee(from row: Row) throws(DatabaseError) -> Enrollee? {
    guard let account = try AccountStore(db).account(try row.identifier("account_id")), account.isEnabled,
      account.password?.changedAt == (try row.instant("password_changed_at")),
      try !FactorStore(db).factors(of: account.id).contains(where: \.isConfirmed)
    else { return nil }
    var application: Application?
    if let named: Application.ID = try row.identifierIfPresent("application_id") {
      application = try DoorKeeper(db).application(named)
      guard application != nil else { return nil }
    }
    return Enrollee(
      id: try row.identifier("id"), account: account, application: application, invitation: try row.identifier("invitation_id"))
  }
}
