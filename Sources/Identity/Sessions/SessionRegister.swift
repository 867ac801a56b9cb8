package import Journal
package import Persistence
package import Primitives

/// Which sessions are live, and ending them: for their users, and for the operator.
package struct SessionRegister: Sendable {
  private let database: any Database
  private let settings: TokenSettings
  private let now: Now

  package init(database: any Database, settings: TokenSettings, now: Now) {
    self.database = database
    self.settings = settings
    self.now = now
  }

  /// A session as its user sees it.
  package struct Listed: Sendable {
    package let session: Session
    package let deviceName: String
    package let username: Username
  }

  /// A user's live sessions, the newest first.
  package func sessions(of account: Account.ID) async throws -> [Listed] {
    let at = now()
    return try await database.read { db in
      guard let owner = try AccountStore(db).account(account) else { return [] }
      return try SessionStore(db).live(of: account, at: at, limit: settings.sessionsPerUser).map { session in
        try listed(session, owner.username, db, at: at)
      }
    }
  }

  /// Everybody's live sessions, at most `limit` of those that follow `id`, in the order in which they began.
  package func sessions(after id: Session.ID?, limit: Int) async throws -> [Listed] {
    let at = now()
    return try await database.read { db in
      try SessionStore(db).live(after: id?.bytes ?? [], at: at, limit: limit).compactMap { session in
        guard let owner = try AccountStore(db).account(session.account) else { return nil }
        return try listed(session, owner.username, db, at: at)
      }
    }
  }

  /// False where there is no such live session.
  package func logOut(_ id: Session.ID, by provenance: Provenance) async throws -> Bool {
    try await end(.one(id), because: .logout, by: provenance) > 0
  }

  /// False where the account has no such live session.
  package func end(_ id: Session.ID, of account: Account.ID, by provenance: Provenance) async throws -> Bool {
    try await end(.oneOf(account, id), because: .revoked, by: provenance) > 0
  }

  /// Returns how many there were.
  package func endOthers(than id: Session.ID, of account: Account.ID, by provenance: Provenance) async throws -> Int {
    try await end(.others(of: account, than: id), because: .revoked, by: provenance)
  }

  /// False where there is no such live session.
  package func end(_ id: Session.ID, by provenance: Provenance) async throws -> Bool {
    try await end(.one(id), because: .revoked, by: provenance) > 0
  }

  /// Returns how many there were.
  package func endAll(of account: Account.ID, by provenance: Provenance) async throws -> Int {
    try await end(.all(of: account), because: .revoked, by: provenance)
  }

  private static let step = 500

  /// Everybody's, in steps, so that sign-ins never wait long for it. Returns how many there were; what is opened meanwhile may live.
  package func endAll(by provenance: Provenance) async throws -> Int {
    var count = 0
    var last: [UInt8] = []
    while true {
      let (position, at) = (last, now())
      let ended = try await database.transaction { db in
        try SessionStore(db).end(.next(after: position, limit: Self.step), because: .revoked, by: provenance, at: at)
      }
      count += ended.count
      guard let next = ended.last else { return count }
      last = next.bytes
    }
  }

  private func end(_ scope: SessionEnd.Scope, because reason: SessionEnd, by provenance: Provenance) async throws -> Int {
    let at = now()
    return try await database.transaction { db in
      try SessionStore(db).end(scope, because: reason, by: provenance, at: at).count
    }
  }

  private func listed(_ session: Session, _ owner: Username, _ db: any Transaction, at instant: Instant) throws -> Listed {
    let device = try session.device.flatMap { try DeviceStore(db).device($0, of: session.account, at: instant) }
    return Listed(session: session, deviceName: device?.name ?? "", username: owner)
  }
}
