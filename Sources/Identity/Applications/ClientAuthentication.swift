internal import Cryptography
package import Persistence
package import Primitives

/// Which application is calling: by its access token, its key, or its id and secret. All three end at the same gate, `active`:
/// a disabled or deleted application gets nothing from any of them.
package struct ClientAuthentication: Sendable {
  private let database: any Database
  private let tokens: AccessTokens
  private let now: Now

  package init(database: any Database, tokens: AccessTokens, now: Now) {
    self.database = database
    self.tokens = tokens
    self.now = now
  }

  /// An application's own access token, meant for this server. `nil` for anything else, a user's token included.
  package func application(bearer token: String) async throws -> Application? {
    guard let id = tokens.application(of: token) else { return nil }
    return try await database.read { try active(id, $0) }
  }

  /// `nil` for a key that is unknown, malformed, expired or revoked. A mistyped key fails its checksum before any database
  /// is asked.
  package func application(apiKey text: String) async throws -> Application? {
    guard let credential = OpaqueCredential(parsing: text, as: .apiKey), let id: APIKey.ID = credential.identifier() else { return nil }
    let at = now()
    return try await database.read { db in
      guard let (key, digest) = try APIKeyStore(db).key(id), ConstantTime.areEqual(digest, credential.digest), key.isLive(at: at)
      else { return nil }
      return try active(key.application, db)
    }
  }

  /// `nil` where the pair is wrong.
  package func application(clientID: String, secret text: String) async throws -> Application? {
    guard let id = Application.ID(clientID), let credential = OpaqueCredential(parsing: text, as: .clientSecret),
      credential.id == id.bytes
    else { return nil }
    return try await database.read { db in
      guard let digest = try ApplicationStore(db).secretDigest(of: id), ConstantTime.areEqual(digest, credential.digest)
      else { return nil }
      return try active(id, db)
    }
  }
}

/// The gate that every door of an application leads through.
private func active(_ id: Application.ID, _ db: any Transaction) throws -> Application? {
  guard let application = try ApplicationStore(db).application(id), application.isEnabled else { return nil }
  return application
}
