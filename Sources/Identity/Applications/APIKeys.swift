internal import Cryptography
package import Journal
package import Persistence
package import Primitives

/// Making, listing and ending the keys of applications.
package struct APIKeys: Sendable {
  let database: any Database
  let now: Now

  package init(database: any Database, now: Now) {
    self.database = database
    self.now = now
  }

  /// `nil` where there is no such application.
  package func add(
    to name: String, lifetime: Duration?, by provenance: Provenance
  ) async throws -> Applications.IssuedKey? {
    let at = now()
    let id = APIKey.ID(at: at)
    let credential = OpaqueCredential(.apiKey, for: id)
    let isAdded = try await database.transaction { db in
      guard let application = try ApplicationStore(db).application(named: name) else { return false }
      let key = APIKey(
        id: id, application: application.id, createdAt: at, expiresAt: lifetime.map { at + $0 }, revokedAt: nil)
      try APIKeyStore(db).insert(key, digest: credential.digest)
      try AuditLog(db).append(.apiKey("created", id, of: application.id), by: provenance, at: at)
      return true
    }
    return isAdded ? Applications.IssuedKey(id: id, text: credential.text) : nil
  }

  /// `nil` where there is no such application.
  package func list(of name: String) async throws -> [APIKey]? {
    try await database.read { db in
      guard let application = try ApplicationStore(db).application(named: name) else { return nil }
      return try APIKeyStore(db).keys(of: application.id)
    }
  }

  /// A new key for the same application; the old one ends at once. `nil` where there is no live key of that id.
  package func rotate(_ id: APIKey.ID, by provenance: Provenance) async throws -> Applications.IssuedKey? {
    let at = now()
    let successor = APIKey.ID(at: at)
    let credential = OpaqueCredential(.apiKey, for: successor)
    let isRotated = try await database.transaction { db in
      guard let old = try APIKeyStore(db).key(id)?.key, try APIKeyStore(db).revoke(id, at: at) else { return false }
      let key = APIKey(id: successor, application: old.application, createdAt: at, expiresAt: old.expiresAt, revokedAt: nil)
      try APIKeyStore(db).insert(key, digest: credential.digest)
      try AuditLog(db).append(.apiKey("revoked", id, of: old.application), by: provenance, at: at)
      try AuditLog(db).append(.apiKey("created", successor, of: old.application), by: provenance, at: at)
      return true
    }
    return isRotated ? Applications.IssuedKey(id: successor, text: credential.text) : nil
  }

  /// False where there is no live key of that id.
  package func revoke(_ id: APIKey.ID, by provenance: Provenance) async throws -> Bool {
    let at = now()
    return try await database.transaction { db in
      guard let key = try APIKeyStore(db).key(id)?.key, try APIKeyStore(db).revoke(id, at: at) else { return false }
      try AuditLog(db).append(.apiKey("revoked", id, of: key.application), by: provenance, at: at)
      return true
    }
  }
}
