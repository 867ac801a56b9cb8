internal import Cryptography
package import Journal
package import Persistence
package import Primitives
internal import Tokens

/// Revoking a token that somebody brings (RFC 7009). A user's token, access or refresh, ends its session; an application's own
/// ends alone.
package struct TokenRevocation: Sendable {
  private let database: any Database
  private let tokens: AccessTokens
  private let revoked: RevokedTokens
  private let now: Now

  package init(database: any Database, tokens: AccessTokens, revoked: RevokedTokens, now: Now) {
    self.database = database
    self.tokens = tokens
    self.revoked = revoked
    self.now = now
  }

  package enum Outcome: Sendable, Equatable {
    /// It opens no door from now on, if it ever did.
    case done
    /// It was issued to another application; nothing was changed (RFC 7009, section 2.1).
    case foreign
    /// More tokens of this application are revoked than are remembered at once.
    case full
  }

  package func revoke(_ token: String, of application: Application, by provenance: Provenance) async throws -> Outcome {
    if let refresh = OpaqueCredential(parsing: token, as: .refreshToken) {
      return try await revoke(refresh, of: application, by: provenance)
    }
    guard let claims = try? tokens.verify(Array(token.utf8)).claims else { return .done }
    guard claims.clientID == application.clientID else { return .foreign }
    guard let session = claims.session else { return try await revoke(claims, of: application, by: provenance) }
    if let id = Session.ID(session.id) { try await end(id, by: provenance) }
    return .done
  }

  private func revoke(_ token: OpaqueCredential, of application: Application, by provenance: Provenance) async throws -> Outcome {
    guard let id: Session.ID = token.identifier() else { return .done }
    let known = try await database.read { db in try SessionStore(db).holder(of: token, id) }
    guard let known else { return .done }
    guard known.session.application == application.id else { return .foreign }
    try await end(id, by: provenance)
    return .done
  }

  private func end(_ id: Session.ID, by provenance: Provenance) async throws {
    let at = now()
    _ = try await database.transaction { db in try SessionStore(db).end(.one(id), because: .revoked, by: provenance, at: at) }
  }

  private func revoke(_ claims: Claims, of application: Application, by provenance: Provenance) async throws -> Outcome {
    guard let id = RevokedTokens.ID(claims.tokenID) else { return .done }
    let at = now()
    // In memory first: from the commit on, nobody may find a good word for it and keep that.
    guard revoked.insert(id, of: application.id, until: claims.expiresAt) else { return .full }
    try await database.transaction { db in
      guard try RevokedTokenStore(db).insert(id, of: application.id, until: claims.expiresAt) else { return }
      db.announce(.application(application.id.bytes))
      try RevocationStore(db).append(
        Revocation(kind: .token, subject: claims.tokenID), at: at, expiresAt: claims.expiresAt + KeySchedule.leeway)
      let entry = AuditEvent("token.revoked", subject: "application:\(application.id)", ["token": claims.tokenID])
      try AuditLog(db).append(entry, by: provenance, at: at)
    }
    return .done
  }
}

extension SessionStore {
  /// Whose refresh token this is, or was; `nil` where no session ever had it. Asking is not using: nothing is counted.
  func holder(of token: OpaqueCredential, _ id: Session.ID) throws(DatabaseError) -> (session: Session, isCurrent: Bool)? {
    guard let line = try line(id) else { return nil }
    let digest = token.digest
    if ConstantTime.areEqual(digest, line.digest) { return (line.session, line.endedAt == nil) }
    guard let previous = line.previousDigest, ConstantTime.areEqual(digest, previous) else { return nil }
    return (line.session, false)
  }
}
