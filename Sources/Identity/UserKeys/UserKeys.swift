package import Cryptography
package import Journal
package import Persistence
package import Primitives

/// Making, listing and ending users' own keys.
package struct UserKeys: Sendable {
  private let database: any Database
  private let now: Now

  package init(database: any Database, now: Now) {
    self.database = database
    self.now = now
  }

  package struct New: Sendable {
    package let name: String
    package let roles: [String]
    package let lifetime: Duration

    package init(name: String, roles: [String], lifetime: Duration) {
      self.name = name
      self.roles = roles
      self.lifetime = lifetime
    }
  }

  package enum AddOutcome: Sendable {
    /// The text is shown once.
    case added(UserKey, text: String)
    /// No proof of a step-up in this session, or a spent one.
    case unproven
    /// The user does not hold it. The proof is not spent.
    case roleNotAssigned(index: Int)
    /// The user has as many keys as are allowed. The proof is not spent.
    case tooMany
  }

  package func add(
    _ new: New, proof: OpaqueCredential?, _ live: LiveSession, by provenance: Provenance
  ) async throws -> AddOutcome {
    let at = now()
    let key = UserKey(
      id: UserKey.ID(at: at), account: live.account.id, name: new.name, roles: Array(Set(new.roles)).sorted(), createdAt: at,
      expiresAt: at + new.lifetime, revokedAt: nil)
    let credential = OpaqueCredential(.userKey, for: key.id)
    return try await database.transaction { db in
      guard let proof, try DoorKeeper(db).session(live.id, at: at) != nil else { return .unproven }
      let held = try AssignmentStore(db).assignments(of: .account(live.account.id)).filter { $0.terms.isLive(at: at) }.map(\.roleName)
      if let missing = new.roles.firstIndex(where: { !held.contains($0) }) { return .roleNotAssigned(index: missing) }
      guard try UserKeyStore(db).keys(of: live.account.id, at: at).count < UserKey.mostPerUser else { return .tooMany }
      guard try StepUpStore(db).spend(proof, of: live.id, for: .keys, at: at) else { return .unproven }
      try UserKeyStore(db).insert(key, digest: credential.digest)
      try AuditLog(db).append(.userKey("created", key), by: provenance, at: at)
      return .added(key, text: credential.text)
    }
  }

  /// Live ones, the oldest first.
  package func list(of account: Account.ID) async throws -> [UserKey] {
    let at = now()
    return try await database.read { try UserKeyStore($0).keys(of: account, at: at) }
  }

  /// False where the account has no such live key. Asks for no proof: it takes access away.
  package func revoke(_ id: UserKey.ID, of account: Account.ID, by provenance: Provenance) async throws -> Bool {
    let at = now()
    return try await database.transaction { db in
      guard try UserKeyStore(db).revoke(id, of: account, at: at) else { return false }
      try AuditLog(db).append(
        AuditEvent("user_key.revoked", subject: "account:\(account)", ["key": "\(id)"]), by: provenance, at: at)
      return true
    }
  }
}

extension AuditEvent {
  fileprivate static func userKey(_ verb: String, _ key: UserKey) -> AuditEvent {
    AuditEvent(
      "user_key.\(verb)", subject: "account:\(key.account)",
      [
        "key": "\(key.id)", "name": key.name, "roles": key.roles.joined(separator: " "),
        "expires_at": key.expiresAt.rfc3339(),
      ])
  }
}
