internal import Persistence
internal import Primitives

/// The rows of `api_key`.
struct APIKeyStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  func insert(_ key: APIKey, digest: [UInt8]) throws(DatabaseError) {
    try db.run(
      """
      INSERT INTO api_key (id, application_id, digest, created_at, expires_at, revoked_at)
      VALUES (\(key.id), \(key.application), \(digest), \(key.createdAt), \(key.expiresAt), \(key.revokedAt))
      """)
  }

  func key(_ id: APIKey.ID) throws(DatabaseError) -> (key: APIKey, digest: [UInt8])? {
    guard let row = try db.row("SELECT * FROM api_key WHERE id = \(id)") else { return nil }
    return (try key(from: row), try row.bytes("digest"))
  }

  func keys(of application: Application.ID) throws(DatabaseError) -> [APIKey] {
    var keys: [APIKey] = []
    for row in try db.rows("SELECT * FROM api_key WHERE application_id = \(application) ORDER BY id") {
      keys.append(try key(from: row))
    }
    return keys
  }

  /// False where it does not exist or has been revoked.
  func revoke(_ id: APIKey.ID, at instant: Instant) throws(DatabaseError) -> Bool {
    db.announce(.key(id.bytes))
    return try db.row("UPDATE api_key SET revoked_at = \(instant) WHERE id = \(id) AND revoked_at IS NULL RETURNING id") != nil
  }

  private func key(from row: Row) throws(DatabaseError) -> APIKey {
    APIKey(
      id: try row.identifier("id"), application: try row.identifier("application_id"), createdAt: try row.instant("created_at"),
      expiresAt: try row.instantIfPresent("expires_at"), revokedAt: try row.instantIfPresent("revoked_at"))
  }
}
