internal import Cryptography
package import Persistence
internal import Primitives
internal import Tokens

/// Which application is calling: by its access token, its key, or its id and secret. All three end at the gate: a disabled or
/// deleted application gets nothing from any of them.
package struct ClientAuthentication: Sendable {
  private let database: any Database
  private let gate: Gate
  private let tokens: AccessTokens

  package init(database: any Database, gate: Gate, tokens: AccessTokens) {
    self.database = database
    self.gate = gate
    self.tokens = tokens
  }

  /// An application's own access token, meant for this server. `nil` for anything else, a user's token included.
  package func application(bearer token: String) async throws -> Application? {
    guard case .good(let claims) = tokens.ours(token), claims.session == nil else { return nil }
    return try await gate.standing(of: claims)?.application
  }

  /// `nil` for a key that is unknown, malformed, expired or revoked. A mistyped key fails its checksum before any database
  /// is asked.
  package func application(apiKey text: String) async throws -> Application? {
    guard let credential = OpaqueCredential(parsing: text, as: .apiKey) else { return nil }
    return try await gate.standing(apiKey: credential)?.application
  }

  /// `nil` where the pair is wrong.
  package func application(clientID: String, secret text: String) async throws -> Application? {
    guard let id = Application.ID(clientID), let credential = OpaqueCredential(parsing: text, as: .clientSecret),
      credential.id == id.bytes
    else { return nil }
    return try await database.read { db in
      guard let digest = try ApplicationStore(db).secretDigest(of: id), ConstantTime.areEqual(digest, credential.digest)
      else { return nil }
      return try DoorKeeper(db).application(id)
    }
  }
}
