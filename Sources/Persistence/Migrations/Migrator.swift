internal import Cryptography
package import Primitives
internal import Schema

/// Brings a database to this program's schema, one migration and one transaction at a time.
package struct Migrator: Sendable {
  private let database: any Database
  private let migrations: [Migration]
  private let now: Now

  package init(_ database: any Database, now: Now) { self.init(database, Migrations.all, now: now) }

  init(_ database: any Database, _ migrations: [Migration], now: Now) {
    self.database = database
    self.migrations = migrations
    self.now = now
  }

  /// Returns the names of what ran. Throws `newerSchema` and `changedMigration` before anything is changed.
  package func run() async throws -> [String] {
    try await database.transaction { db in
      try db.script(
        """
        CREATE TABLE IF NOT EXISTS schema_migration (
          number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum BYTEA NOT NULL, applied_at BIGINT NOT NULL
        )
        """)
    }
    let applied = try await applied()
    try check(applied)
    var names: [String] = []
    for migration in migrations where applied[migration.number] == nil {
      try await apply(migration)
      names.append(migration.name)
    }
    return names
  }

  /// How many migrations this program has that the database has not.
  package func pending() async throws -> Int {
    let applied = try await applied()
    try check(applied)
    return migrations.count { applied[$0.number] == nil }
  }

  private func applied() async throws -> [Int: [UInt8]] {
    try await database.read { db in
      var applied: [Int: [UInt8]] = [:]
      for row in try db.rows("SELECT number, checksum FROM schema_migration") {
        applied[Int(try row.integer("number"))] = try row.bytes("checksum")
      }
      return applied
    }
  }

  private func check(_ applied: [Int: [UInt8]]) throws(DatabaseError) {
    let known = migrations.last?.number ?? 0
    if let found = applied.keys.max(), found > known { throw .newerSchema(found: found, known: known) }
    for migration in migrations {
      guard let checksum = applied[migration.number] else { continue }
      guard checksum == Self.checksum(of: migration) else { throw .changedMigration(migration.name) }
    }
  }

  private func apply(_ migration: Migration) async throws {
    let at = now()
    let checksum = Self.checksum(of: migration)
    try await database.transaction { db in
      try db.script(migration.text)
      try db.run(
        """
        INSERT INTO schema_migration (number, name, checksum, applied_at)
        VALUES (\(migration.number), \(migration.name), \(checksum), \(at))
        """)
    }
  }

  private static func checksum(of migration: Migration) -> [UInt8] { Digest.sha256(Array(migration.text.utf8)) }
}
