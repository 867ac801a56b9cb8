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
