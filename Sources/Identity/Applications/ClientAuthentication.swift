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
  private let known = KnownClients()

  package init(database: any Database, gate: Gate, tokens: AccessTokens) {
    self.database = database
    self.gate = gate
    self.tokens = tokens
  }

  /// An application's own access token, meant for this server. `nil` for anything else, a user's token included.
  package func application(bearer token: String) async throws -> Application? {
    try await standing(bearer: token)?.application
  }

  /// The same with what this very token allows, which a scope may have narrowed.
  package func standing(bearer token: String) async throws -> Standing? {
    guard case .good(let claims) = tokens.ours(token), claims.session == nil else { return nil }
    return try await gate.standing(of: claims)?.narrowed(to: claims)
  }

  /// `nil` for a key that is unknown, malformed, expired or revoked. A mistyped key fails its checksum before any database
  /// is asked.
  package func application(apiKey text: String) async throws -> Application? {
    guard let credential = OpaqueCredential(parsing: text, as: .apiKey) else { return nil }
    return try await application(credential) { try await gate.standing(apiKey: credential) }
  }

  /// `nil` where the pair is wrong.
  package func application(clientID: String, secret text: String) async throws -> Application? {
    guard let id = Application.ID(clientID), let credential = OpaqueCredential(parsing: text, as: .clientSecret),
      credential.id == id.bytes
    else { return nil }
    return try await application(credential) {
      // First, for it takes the stamps: what is read after them is read again once it changes.
      guard let standing = try await gate.standing(of: id, audience: nil),
        let digest = try await database.read({ try ApplicationStore($0).secretDigest(of: id) }),
        ConstantTime.areEqual(digest, credential.digest)
      else { return nil }
      return standing
    }
  }

  private func application(_ credential: OpaqueCredential, _ read: () async throws -> Standing?) async throws -> Application? {
    let digest = credential.digest
    if let application = known.application(credential, digest: digest, in: gate.changes, at: gate.now()) { return application }
    guard let standing = try await read() else { return nil }
    known.keep(standing, of: credential, digest: digest)
    return standing.application
  }
}
