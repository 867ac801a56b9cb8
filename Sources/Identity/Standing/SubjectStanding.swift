package import Cryptography
internal import Persistence
internal import Primitives

/// The standing of users who did not sign in just now: by a key of theirs, or because somebody asks about them.
extension Gate {
  /// Of a key of either kind.
  package func standing(anyKey credential: OpaqueCredential) async throws -> Standing? {
    credential.kind == .userKey ? try await standing(userKey: credential) : try await standing(apiKey: credential)
  }

  /// Of a user's own key, the secret included. It does what its roles do, as far as the user still holds them.
  func standing(userKey credential: OpaqueCredential) async throws -> Standing? {
    guard let id: UserKey.ID = credential.identifier() else { return nil }
    let at = now()
    let ofKey = changes.stamp(of: .key(id.bytes))
    // Read on its own: the account's stamp has to be taken before its row is read, and a key never changes hands.
    guard let key = try await database.read({ try UserKeyStore($0).key(credential, at: at) }) else { return nil }
    let stamps = [ofKey, changes.stamp(of: .account(key.account.bytes)), changes.stamp(of: .roles)]
    let graph = try await roles.current()
    return try await database.read { db in
      guard let account = try AccountStore(db).account(key.account), account.isEnabled else { return nil }
      let active = try AssignmentStore(db).activate(
        key.roles, of: .account(account.id), graph, application: nil, audience: nil, at: at)
      return Standing(
        holder: .userKey(key, account), application: nil, active: active, validUntil: key.expiresAt, stamps: stamps)
    }
  }

  /// Of a user, by id; with every role that counts everywhere.
  package func standing(of id: Account.ID) async throws -> Standing? {
    let at = now()
    let stamps = [changes.stamp(of: .account(id.bytes)), changes.stamp(of: .roles)]
    let graph = try await roles.current()
    return try await database.read { db in
      guard let account = try AccountStore(db).account(id), account.isEnabled else { return nil }
      let active = try AssignmentStore(db).activate(nil, of: .account(id), graph, application: nil, audience: nil, at: at)
      return Standing(holder: .account(account), application: nil, active: active, validUntil: .distantFuture, stamps: stamps)
    }
  }

  /// Of a session, by id.
  package func standing(of id: Session.ID) async throws -> Standing? {
    let at = now()
    guard let live = try await database.read({ try DoorKeeper($0).session(id, at: at) }) else { return nil }
    return try await standing(of: id, live.account.id, application: live.session.application)
  }
}

extension OpaqueCredential {
  /// A key of any kind that passes decisions: an application's, or a user's own.
  package init?(anyKey text: some Collection<UInt8>) {
    guard let credential = OpaqueCredential(parsing: text, as: .apiKey) ?? OpaqueCredential(parsing: text, as: .userKey) else {
      return nil
    }
    self = credential
  }
}
