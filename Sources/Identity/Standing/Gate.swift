package import Cryptography
package import Persistence
package import Primitives
package import Tokens

/// The one gate that every door leads through: whether a credential whose form and signature are right still stands for somebody
/// who may act, and as what. An ended session, a disabled or deleted user or application, a revoked or expired key have no
/// standing at any door.
package struct Gate: Sendable {
  let database: any Database
  let roles: LiveRoleGraph
  private let revoked: RevokedTokens
  let now: Now

  package init(database: any Database, roles: LiveRoleGraph, revoked: RevokedTokens, now: Now) {
    self.database = database
    self.roles = roles
    self.revoked = revoked
    self.now = now
  }

  package var changes: Changes { database.changes }

  /// Whether this very token was revoked, while others of its application stand: to be asked of a token that is kept before every
  /// use, for a standing is shared.
  package func isRevoked(_ claims: Claims) -> Bool { Self.revocableID(of: claims).map(isRevoked) ?? false }

  /// The same of the token's `revocableID`.
  package func isRevoked(tokenID: String) -> Bool { revoked.contains(tokenID) }

  /// By what a single token is revoked; `nil` for users' tokens, which end with their session.
  package static func revocableID(of claims: Claims) -> String? { claims.session == nil ? claims.tokenID : nil }

  /// Of a token that is verified. `nil` where it has none any more. Whose token was narrowed to a scope: `Standing.narrowed`.
  package func standing(of claims: Claims) async throws -> Standing? {
    guard let session = claims.session else {
      guard claims.clientID == claims.subject, let application = Application.ID(claims.clientID) else { return nil }
      guard !isRevoked(claims) else { return nil }
      return try await standing(of: application, audience: claims.audience.first)
    }
    guard let id = Session.ID(session.id), let account = Account.ID(claims.subject) else { return nil }
    return try await standing(of: id, account, application: Application.ID(claims.clientID))
  }

  /// Of an application's key, the secret included.
  package func standing(apiKey credential: OpaqueCredential) async throws -> Standing? {
    guard credential.kind == .apiKey, let id: APIKey.ID = credential.identifier() else { return nil }
    let at = now()
    let ofKey = changes.stamp(of: .key(id.bytes))
    // Read on its own: the application's stamp has to be taken before its row is read, and a key never changes hands.
    guard let key = try await database.read({ try liveKey(id, credential, $0, at: at) }) else { return nil }
    let stamps = [ofKey, changes.stamp(of: .application(key.application.bytes)), changes.stamp(of: .roles)]
    let graph = try await roles.current()
    return try await database.read { db in
      guard let application = try DoorKeeper(db).application(key.application) else { return nil }
      let active = try AssignmentStore(db).activate(
        nil, of: .application(application.id), graph, application: application.id, audience: nil, at: at)
      return Standing(
        holder: .application, application: application, active: active, validUntil: key.expiresAt ?? .distantFuture, stamps: stamps)
    }
  }

  package func standing(of id: Application.ID, audience: String?) async throws -> Standing? {
    let at = now()
    let stamps = [changes.stamp(of: .application(id.bytes)), changes.stamp(of: .roles)]
    let graph = try await roles.current()
    return try await database.read { db in
      guard let application = try DoorKeeper(db).application(id) else { return nil }
      let active = try AssignmentStore(db).activate(
        nil, of: .application(id), graph, application: id, audience: audience, at: at)
      return Standing(holder: .application, application: application, active: active, validUntil: .distantFuture, stamps: stamps)
    }
  }

  func standing(of id: Session.ID, _ account: Account.ID, application: Application.ID?) async throws -> Standing? {
    let at = now()
    var stamps = [changes.stamp(of: .session(id.bytes)), changes.stamp(of: .account(account.bytes)), changes.stamp(of: .roles)]
    if let application { stamps.append(changes.stamp(of: .application(application.bytes))) }
    let taken = stamps
    let graph = try await roles.current()
    return try await database.read { db in
      guard let live = try DoorKeeper(db).session(id, at: at), live.account.id == account, live.session.application == application
      else { return nil }
      return Standing(
        holder: .session(live.session, live.account), application: live.application,
        active: try AssignmentStore(db).activate(live.session, graph, at: at), validUntil: live.session.endsAt, stamps: taken)
    }
  }
}

private func liveKey(
  _ id: APIKey.ID, _ credential: OpaqueCredential, _ db: any Transaction, at instant: Instant
) throws(DatabaseError) -> APIKey? {
  guard let (key, digest) = try APIKeyStore(db).key(id), ConstantTime.areEqual(digest, credential.digest), key.isLive(at: instant)
  else { return nil }
  return key
}

/// What the gate asks of the rows, for those who hold a transaction already.
struct DoorKeeper {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// `nil` where it is disabled or deleted.
  func application(_ id: Application.ID) throws(DatabaseError) -> Application? {
    guard let application = try ApplicationStore(db).application(id), application.isEnabled else { return nil }
    return application
  }

  /// `nil` where the session has ended, or its user or application is disabled or deleted.
  func session(
    _ id: Session.ID, at instant: Instant
  ) throws(DatabaseError) -> (session: Session, account: Account, application: Application?)? {
    guard let row = try SessionStore(db).session(id), row.endedAt == nil, row.session.endsAt > instant,
      let account = try AccountStore(db).account(row.session.account), account.isEnabled
    else { return nil }
    guard let named = row.session.application else { return (row.session, account, nil) }
    guard let application = try application(named) else { return nil }
    return (row.session, account, application)
  }
}
