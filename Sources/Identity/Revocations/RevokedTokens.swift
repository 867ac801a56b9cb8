package import Persistence
package import Primitives
package import Tokens
private import Synchronization

/// The access tokens of applications that were revoked one by one: what the gate asks of every application's token. In memory,
/// read from the table at the start, bounded in all and for each application.
package final class RevokedTokens: Sendable {
  package typealias ID = Identifier<Claims>

  private struct Entry {
    let application: Application.ID
    let expiresAt: Instant
  }

  private struct Tokens {
    var entries: [ID: Entry] = [:]
    var counts: [Application.ID: Int] = [:]
  }

  static let most = 100_000
  static let mostPerApplication = 10_000
  /// Beyond a token's end, for a clock that is stepped back.
  static let retention = Duration.hours(2)

  // A mutex: held to look into a dictionary. Nobody who has revoked nothing takes it: `count` is asked first.
  private let tokens = Mutex(Tokens())
  private let count = Atomic(0)

  package init() {}

  /// Reads what the store holds.
  package static func load(_ database: any Database) async throws -> RevokedTokens {
    let revoked = RevokedTokens()
    for token in try await database.read({ try RevokedTokenStore($0).tokens(limit: most) }) {
      _ = revoked.insert(token.id, of: token.application, until: token.expiresAt)
    }
    return revoked
  }

  /// Whether the token with this `jti` was revoked.
  package func contains(_ tokenID: String) -> Bool {
    guard count.load(ordering: .acquiring) > 0, let id = ID(tokenID) else { return false }
    return tokens.withLock { $0.entries[id] != nil }
  }

  /// False where there is no room left.
  func insert(_ id: ID, of application: Application.ID, until expiresAt: Instant) -> Bool {
    tokens.withLock { tokens in
      guard tokens.entries[id] == nil else { return true }
      guard tokens.entries.count < Self.most, tokens.counts[application, default: 0] < Self.mostPerApplication else { return false }
      tokens.entries[id] = Entry(application: application, expiresAt: expiresAt)
      tokens.counts[application, default: 0] += 1
      count.store(tokens.entries.count, ordering: .releasing)
      return true
    }
  }

  /// Forgets what ended before `instant`.
  package func prune(before instant: Instant) {
    guard count.load(ordering: .acquiring) > 0 else { return }
    tokens.withLock { tokens in
      tokens.entries = tokens.entries.filter { $0.value.expiresAt >= instant }
      tokens.counts = tokens.entries.values.reduce(into: [:]) { $0[$1.application, default: 0] += 1 }
      count.store(tokens.entries.count, ordering: .releasing)
    }
  }
}

/// The rows of `revoked_token`.
struct RevokedTokenStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// False where it is there already.
  func insert(_ id: RevokedTokens.ID, of application: Application.ID, until expiresAt: Instant) throws(DatabaseError) -> Bool {
    try db.row(
      """
      INSERT INTO revoked_token (token_id, application_id, expires_at) VALUES (\(id), \(application), \(expiresAt))
      ON CONFLICT DO NOTHING RETURNING token_id
      """) != nil
  }

  /// Those that end last first.
  func tokens(
    limit: Int
  ) throws(DatabaseError) -> [(id: RevokedTokens.ID, application: Application.ID, expiresAt: Instant)] {
    var tokens: [(id: RevokedTokens.ID, application: Application.ID, expiresAt: Instant)] = []
    for row in try db.rows("SELECT * FROM revoked_token ORDER BY expires_at DESC LIMIT \(limit)") {
      tokens.append((try row.identifier("token_id"), try row.identifier("application_id"), try row.instant("expires_at")))
    }
    return tokens
  }

  /// Deletes at most `limit` tokens that ended before `instant`; returns how many went.
  func prune(before instant: Instant, limit: Int) throws(DatabaseError) -> Int {
    try db.rows(
      """
      DELETE FROM revoked_token
      WHERE token_id IN (SELECT token_id FROM revoked_token WHERE expires_at < \(instant) ORDER BY expires_at LIMIT \(limit))
      RETURNING token_id
      """
    ).count
  }
}
