internal import Cryptography
internal import Persistence
internal import Primitives

/// The rows of `user_key`.
struct UserKeyStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  func insert(_ key: UserKey, digest: [UInt8]) throws(DatabaseError) {
    try db.run(
      """
      INSERT INTO user_key (id, account_id, name, digest, roles, created_at, expires_at, revoked_at)
      VALUES (\(key.id), \(key.account), \(key.name), \(digest), \(key.roles.joined(separator: " ")), \(key.createdAt),
        \(key.expiresAt), \(key.revokedAt))
      """)
  }

  /// The live key that this credential is, secret included; `nil` for any other.
  func key(_ credential: OpaqueCredential, at instant: Instant) throws(DatabaseError) -> UserKey? {
    guard credential.kind == .userKey, let id: UserKey.ID = credential.identifier(),
      let row = try db.row("SELECT * FROM user_key WHERE id = \(id)"),
      ConstantTime.areEqual(try row.bytes("digest"), credential.digest)
    else { return nil }
    let key = try key(from: row)
    return key.isLive(at: instant) ? key : nil
  }

  /// Live ones, the oldest first.
  func keys(of account: Account.ID, at instant: Instant) throws(DatabaseError) -> [UserKey] {
    var keys: [UserKey] = []
    let rows = try db.rows(
      """
      SELECT * FROM user_key WHERE account_id = \(account) AND revoked_at IS NULL AND expires_at > \(instant)
      ORDER BY created_at, id LIMIT \(UserKey.mostPerUser)
      """)
    for row in rows { keys.append(try key(from: row)) }
    return keys
  }

  /// False where the account has no such live key.
  func revoke(_ id: UserKey.ID, of account: Account.ID, at instant: Instant) throws(DatabaseError) -> Bool {
    db.announce(.key(id.bytes))
    return try db.row(
      """
      UPDATE user_key SET revoked_at = \(instant)
      WHERE id = \(id) AND account_id = \(account) AND revoked_at IS NULL AND expires_at > \(instant) RETURNING id
      """) != nil
  }

  /// Ends every live key of an account; answers which.
  func revokeAll(of account: Account.ID, at instant: Instant) throws(DatabaseError) -> [UserKey.ID] {
    var ended: [UserKey.ID] = []
    let rows = try db.rows(
      """
      UPDATE user_key SET revoked_at = \(instant)
      WHERE account_id = \(account) AND revoked_at IS NULL AND expires_at > \(instant) RETURNING id
      """)
    for row in rows {
      let id: UserKey.ID = try row.identifier("id")
      db.announce(.key(id.bytes))
      ended.append(id)
    }
    return ended
  }

  /// Takes a role that is no more out of every key that names it: another that is called so later is another.
  func forget(role name: String) throws(DatabaseError) {
    // LIKE finds too many: in a name `_` stands for itself.
    for row in try db.rows("SELECT id, roles FROM user_key WHERE revoked_at IS NULL AND roles LIKE \("%\(name)%")") {
      let roles = words(try row.text("roles"))
      guard roles.contains(name) else { continue }
      let id: UserKey.ID = try row.identifier("id")
      try db.run("UPDATE user_key SET roles = \(roles.filter { $0 != name }.joined(separator: " ")) WHERE id = \(id)")
      db.announce(.key(id.bytes))
    }
  }

  /// Deletes at most `limit` whose time was over before `instant`; returns how many went.
  func prune(before instant: Instant, limit: Int) throws(DatabaseError) -> Int {
    try db.rows(
      """
      DELETE FROM user_key WHERE id IN (SELECT id FROM user_key WHERE expires_at < \(instant) ORDER BY expires_at LIMIT \(limit))
      RETURNING id
      """
    ).count
  }

  private func key(from row: Row) throws(DatabaseError) -> UserKey {
    UserKey(
      id: try row.identifier("id"), account: try row.identifier("account_id"), name: try row.text("name"),
      roles: words(try row.text("roles")), createdAt: try row.instant("created_at"), expiresAt: try row.instant("expires_at"),
      revokedAt: try row.instantIfPresent("revoked_at"))
  }
}
