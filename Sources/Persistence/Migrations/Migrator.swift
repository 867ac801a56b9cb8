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
    let applied = try await applied()
    try check(applied)
    var names: [String] = []
    for migration in migrations where applied[migration.number] == nil {
      if try await apply(migration) { names.append(migration.name) }
    }
    return names
  }

  /// How many migrations this program has that the database has not.
  package func pending() async throws -> Int {
    let applied = try await applied()
    try check(applied)
    return migrations.count { applied[$0.number] == nil }
  }

  /// What has run: number to name and checksum.
  private func applied() async throws -> [Int: (name: String, checksum: [UInt8])] {
    try await database.transaction { db in
      try db.script(
        """
        CREATE TABLE IF NOT EXISTS schema_migration (
          number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum BYTEA NOT NULL, applied_at BIGINT NOT NULL
        )
        """)
      var applied: [Int: (name: String, checksum: [UInt8])] = [:]
      for row in try db.rows("SELECT number, name, checksum FROM schema_migration") {
        applied[Int(try row.integer("number"))] = (try row.text("name"), try row.bytes("checksum"))
      }
      return applied
    }
  }

  private func check(_ applied: [Int: (name: String, checksum: [UInt8])]) throws(DatabaseError) {
    let known = migrations.last?.number ?? 0
    let newest = applied.keys.max() ?? 0
    guard newest <= known else { throw .newerSchema(found: newest, known: known) }
    for migration in migrations where migration.number <= newest {
      // One that is missing below the newest means another history, just as another text does.
      guard applied[migration.number]?.checksum == Self.checksum(of: migration) else { throw .changedMigration(migration.name) }
    }
    let numbers = Set(migrations.map(\.number))
    for (number, ran) in applied where !numbers.contains(number) { throw .changedMigration(ran.name) }
  }

  /// False where another node of the same database was faster.
  private func apply(_ migration: Migration) async throws -> Bool {
    let at = now()
    let checksum = Self.checksum(of: migration)
    return try await database.transaction { db in
      let claimed = try db.row(
        """
        INSERT INTO schema_migration (number, name, checksum, applied_at)
        VALUES (\(migration.number), \(migration.name), \(checksum), \(at))
        ON CONFLICT DO NOTHING RETURNING number
        """)
      guard claimed != nil else { return false }
      try db.script(migration.text)
      return true
    }
  }

  private static func checksum(of migration: Migration) -> [UInt8] { Digest.sha256(Array(migration.text.utf8)) }
}
