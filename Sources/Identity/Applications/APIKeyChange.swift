package import Journal
internal import Cryptography
internal import Persistence
internal import Primitives

/// What the administration does with the keys of an application, which it knows by its identifier. A key of another application
/// is no key here.
extension APIKeys {
  /// `nil` where there is no such application.
  package func list(of application: Application.ID) async throws -> [APIKey]? {
    try await database.read { db in
      guard try ApplicationStore(db).application(application) != nil else { return nil }
      return try APIKeyStore(db).keys(of: application)
    }
  }

  /// `nil` where there is no such application.
  package func add(
    to application: Application.ID, lifetime: Duration?, by provenance: Provenance
  ) async throws -> Applications.IssuedKey? {
    let at = now()
    let id = APIKey.ID(at: at)
    let credential = OpaqueCredential(.apiKey, for: id)
    let isAdded = try await database.transaction { db in
      guard try ApplicationStore(db).application(application) != nil else { return false }
      let key = APIKey(id: id, application: application, createdAt: at, expiresAt: lifetime.map { at + $0 }, revokedAt: nil)
      try APIKeyStore(db).insert(key, digest: credential.digest)
      try AuditLog(db).append(.apiKey("created", id, of: application), by: provenance, at: at)
      return true
    }
    return isAdded ? Applications.IssuedKey(id: id, text: credential.text) : nil
  }

  /// Whether this key is the application's.
  package func isKey(_ id: APIKey.ID, of application: Application.ID) async throws -> Bool {
    try await database.read { try APIKeyStore($0).key(id)?.key.application == application }
  }
}
