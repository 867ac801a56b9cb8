import Primitives
import Testing

@testable import Persistence
@testable import Schema

@Suite struct MigratorTests {
  private static let first = Migration(number: 1, name: "first", text: "CREATE TABLE a (id BIGINT PRIMARY KEY);")
  private static let second = Migration(
    number: 2, name: "second", text: "CREATE TABLE b (id BIGINT PRIMARY KEY); INSERT INTO b (id) VALUES (7);")
  private let now = Now.fixed(at: Instant(unixSeconds: 1_800_000_000))

  private func run(_ migrations: [Migration], on database: any Database) async throws -> [String] {
    try await Migrator(database, migrations, now: now).run()
  }

  private func expectRun(
    _ migrations: [Migration], on database: any Database, _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let names = try await run(migrations, on: database)
    #expect(names == expected, sourceLocation: sourceLocation)
  }

  @Test("this program's migrations run once, in order, on every database", arguments: TestDatabase.available)
  func allMigrations(kind: TestDatabase) async throws {
    try await kind.run { database in
      let migrator = Migrator(database, now: now)
      #expect(try await migrator.pending() == Migrations.all.count)
      #expect(try await migrator.run() == Migrations.all.map(\.name))
      #expect(try await migrator.pending() == 0)
      #expect(try await migrator.run() == [])
      let rows = try await database.read { try $0.rows("SELECT number, applied_at FROM schema_migration ORDER BY number") }
      #expect(try rows.map { try $0.integer("number") } == Migrations.all.map { Int64($0.number) })
      #expect(try rows.allSatisfy { try $0.instant("applied_at") == now() })
    }
  }

  @Test("an older store's authenticator apps come through, each with its own secret and last step", arguments: TestDatabase.available)
  func authenticatorApps(kind: TestDatabase) async throws {
    try await kind.run { database in
      _ = try await run(Array(Migrations.all.prefix { $0.number < 12 }), on: database)
      let (account, other): ([UInt8], [UInt8]) = (Array(repeating: 1, count: 16), Array(repeating: 9, count: 16))
      try await database.transaction { db in
        try db.run(
          """
          INSERT INTO account (id, username, is_enabled, password_pepper, password_work, password_changed_at, created_at, version)
          VALUES (\(account), \("user"), \(true), \(1), \(1), \(1), \(1), \(1))
          """)
        for (id, kind) in [
          ([UInt8](repeating: 2, count: 16), "totp"), ([UInt8](repeating: 3, count: 16), "totp"), (other, "recovery_code"),
        ] {
          try db.run(
            """
            INSERT INTO factor (id, account_id, kind, name, failures, created_at, confirmed_at)
            VALUES (\(id), \(account), \(kind), \(""), \(0), \(1), \(2))
            """)
          guard kind == "totp" else { continue }
          try db.run(
            """
            INSERT INTO totp_factor (factor_id, secret, algorithm, digits, period, last_step)
            VALUES (\(id), \(id + [7]), \("SHA256"), \(Int(id[0]) + 4), \(30 + Int(id[0])), \(100 + Int(id[0])))
            """)
        }
      }
      #expect(try await Migrator(database, now: now).run().contains("totp_secret"))
      let rows = try await database.read { try $0.rows("SELECT * FROM factor ORDER BY id") }
      #expect(rows.count == 3)
      for (row, number) in zip(rows, [2, 3]) {
        #expect(try row.bytes("totp_secret") == [UInt8](repeating: UInt8(number), count: 16) + [7])
        #expect(try row.text("totp_algorithm") == "SHA256" && row.integer("totp_digits") == Int64(number) + 4)
        #expect(try row.integer("totp_period") == 30 + Int64(number) && row.integer("last_step") == 100 + Int64(number))
      }
      #expect(try rows.last?.bytesIfPresent("totp_secret") == nil && rows.last?.integer("last_step") == -1)
    }
  }

  @Test("migrations are numbered from one, each higher than the one before")
  func numbering() {
    let numbers = Migrations.all.map(\.number)
    #expect(numbers.first == 1 && zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test("only what is missing runs", arguments: TestDatabase.available)
  func missing(kind: TestDatabase) async throws {
    try await kind.run { database in
      try await expectRun([Self.first], on: database, ["first"])
      try await expectRun([Self.first, Self.second], on: database, ["second"])
    }
  }

  @Test("a newer database is refused and not touched", arguments: TestDatabase.available)
  func newer(kind: TestDatabase) async throws {
    try await kind.run { database in
      _ = try await run([Self.first, Self.second], on: database)
      await #expect(throws: DatabaseError.newerSchema(found: 2, known: 1)) { try await run([Self.first], on: database) }
    }
  }

  @Test("a migration that has changed since it ran is refused", arguments: TestDatabase.available)
  func changed(kind: TestDatabase) async throws {
    try await kind.run { database in
      _ = try await run([Self.first], on: database)
      let edited = Migration(number: 1, name: "first", text: Self.first.text + "\n")
      await #expect(throws: DatabaseError.changedMigration("first")) { try await run([edited, Self.second], on: database) }
    }
  }

  @Test("a database with another history is refused", arguments: TestDatabase.available)
  func otherHistory(kind: TestDatabase) async throws {
    try await kind.run { database in
      _ = try await run([Self.second], on: database)
      await #expect(throws: DatabaseError.changedMigration("first")) { try await run([Self.first, Self.second], on: database) }
    }
  }

  @Test("a migration that fails leaves nothing of itself, and what ran before it stays", arguments: TestDatabase.available)
  func failing(kind: TestDatabase) async throws {
    let broken = Migration(number: 2, name: "broken", text: "CREATE TABLE c (id BIGINT PRIMARY KEY); CREATE TABLE a (id BIGINT);")
    try await kind.run { database in
      await #expect(throws: DatabaseError.self) { try await run([Self.first, broken], on: database) }
      try await expectRun([Self.first, Self.second], on: database, ["second"])
      await #expect(throws: DatabaseError.self) { try await database.read { try $0.run("SELECT id FROM c") } }
    }
  }

  @Test("two that migrate at once run each migration once", arguments: TestDatabase.available)
  func concurrent(kind: TestDatabase) async throws {
    try await kind.run { database in
      async let one = run([Self.first, Self.second], on: database)
      async let other = run([Self.first, Self.second], on: database)
      let names = try await one + other
      #expect(names.sorted() == ["first", "second"])
    }
  }
}
