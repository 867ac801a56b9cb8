import Primitives
import Testing

@testable import Persistence

/// What every database must do alike.
@Suite struct ConformanceTests {
  private static let table = """
    CREATE TABLE item (
      id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE, data BYTEA, is_live BOOLEAN NOT NULL DEFAULT TRUE, kind TEXT CHECK (kind <> 'bad'));
    CREATE TABLE part (id BIGINT PRIMARY KEY, item_id BIGINT NOT NULL REFERENCES item (id) ON DELETE CASCADE, a TEXT, b TEXT, UNIQUE (a, b));
    """

  private struct OwnError: Error {}

  private func onItems(_ kind: TestDatabase, _ body: (any Database) async throws -> Void) async throws {
    try await kind.run { database in
      // PostgreSQL's writers take turns at the migrator's table.
      _ = try await Migrator(database, [], now: .fixed(at: Instant(unixSeconds: 0))).run()
      try await database.transaction { try $0.script(Self.table) }
      try await body(database)
    }
  }

  private func names(_ database: any Database) async throws -> [String] {
    try await database.read { db in try db.rows("SELECT name FROM item ORDER BY id").map { row in try row.text("name") } }
  }

  private func expectNames(
    _ expected: [String], _ database: any Database, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let found = try await names(database)
    #expect(found == expected, sourceLocation: sourceLocation)
  }

  @Test("every type comes back as it went in, null and empty apart", arguments: TestDatabase.available)
  func values(kind: TestDatabase) async throws {
    let blob = (0...255).map { UInt8($0) }
    let absent: String? = nil
    try await onItems(kind) { database in
      try await database.transaction { db in
        try db.run(
          "INSERT INTO item (id, name, data, is_live, kind) VALUES (\(Int64.max), \("ä\u{1F600}'\";--"), \(blob), \(false), \(absent))")
        try db.run("INSERT INTO item (id, name, data) VALUES (\(Int64.min), \(""), \([UInt8]()))")
        try db.run("INSERT INTO item (id, name, data) VALUES (\(-1), \("x"), \(Optional<[UInt8]>.none))")
      }
      let rows = try await database.read { try $0.rows("SELECT id, name, data, is_live, kind FROM item ORDER BY id") }
      #expect(try rows.map { try $0.integer("id") } == [.min, -1, .max])
      #expect(try rows.map { try $0.text("name") } == ["", "x", "ä\u{1F600}'\";--"])
      #expect(try rows.map { try $0.bytesIfPresent("data") } == [[], nil, blob])
      #expect(try rows.map { try $0.boolean("is_live") } == [true, true, false])
      #expect(try rows[2].textIfPresent("kind") == nil)
      #expect(throws: DatabaseError.unexpectedValue(column: "absent")) { try rows[0].integer("absent") }
      #expect(throws: DatabaseError.unexpectedValue(column: "name")) { try rows[0].integer("name") }
    }
  }

  @Test("the portable subset means the same everywhere", arguments: TestDatabase.available)
  func portableSubset(kind: TestDatabase) async throws {
    try await onItems(kind) { database in
      let row = try await database.transaction { db in
        for id in 1...5 { try db.run("INSERT INTO item (id, name, kind) VALUES (\(id), \("n\(id)"), \(id > 3 ? "late" : nil as String?))") }
        let taken = try db.rows(
          "UPDATE item SET is_live = \(false) WHERE id = \(2) AND is_live RETURNING id")
        let again = try db.rows("UPDATE item SET is_live = \(false) WHERE id = \(2) AND is_live RETURNING id")
        #expect(taken.count == 1 && again.isEmpty)
        try db.run("INSERT INTO item (id, name) VALUES (\(1), \("n1")) ON CONFLICT (id) DO UPDATE SET kind = excluded.name")
        let ignored = try db.rows("INSERT INTO item (id, name) VALUES (\(1), \("n1")) ON CONFLICT DO NOTHING RETURNING id")
        #expect(ignored.isEmpty)
        return try db.row(
          """
          SELECT COUNT(*) AS total, SUM(id) AS sum, COUNT(*) FILTER (WHERE is_live) AS live, MAX(kind) AS kind
          FROM item WHERE (kind, id) > (\("a"), \(0)) OR kind IS NOT DISTINCT FROM \(nil as String?)
          """)
      }
      #expect(try row?.integer("total") == 5)
      #expect(try row?.integer("sum") == 15)
      #expect(try row?.integer("live") == 4)
      #expect(try row?.text("kind") == "n1")
    }
  }

  @Test("a body's error undoes all that the body wrote, and reaches its caller", arguments: TestDatabase.available)
  func rollback(kind: TestDatabase) async throws {
    try await onItems(kind) { database in
      await #expect(throws: OwnError.self) {
        try await database.transaction { db in
          try db.run("INSERT INTO item (id, name) VALUES (1, 'a')")
          throw OwnError()
        }
      }
      try await expectNames([], database)
    }
  }

  @Test("a body that swallows a failed statement keeps nothing", arguments: TestDatabase.available)
  func swallowedError(kind: TestDatabase) async throws {
    try await onItems(kind) { database in
      await #expect(throws: DatabaseError.constraint("item.name")) {
        try await database.transaction { db in
          try db.run("INSERT INTO item (id, name) VALUES (1, 'a')")
          try? db.run("INSERT INTO item (id, name) VALUES (2, 'a')")
          try? db.run("INSERT INTO item (id, name) VALUES (3, 'c')")
        }
      }
      try await expectNames([], database)
    }
  }

  @Test("constraints are named alike", arguments: TestDatabase.available)
  func constraints(kind: TestDatabase) async throws {
    let cases: [(SQL, String?)] = [
      ("INSERT INTO item (id, name) VALUES (2, 'a')", "item.name"), ("INSERT INTO item (id, name) VALUES (1, 'b')", "item.id"),
      ("INSERT INTO item (id, name) VALUES (3, NULL)", "item.name"), ("INSERT INTO item (id, name, kind) VALUES (4, 'd', 'bad')", nil),
      ("INSERT INTO part (id, item_id) VALUES (2, 77)", "FOREIGN KEY constraint failed"),
      ("INSERT INTO part (id, item_id, a, b) VALUES (3, 1, 'x', 'y')", "part.a, part.b"),
    ]
    try await onItems(kind) { database in
      try await database.transaction { db in
        try db.run("INSERT INTO item (id, name) VALUES (1, 'a')")
        try db.run("INSERT INTO part (id, item_id, a, b) VALUES (1, 1, 'x', 'y')")
      }
      for (statement, name) in cases {
        do {
          try await database.transaction { try $0.run(statement) }
          Issue.record("\(statement.statement.text) was taken")
        } catch DatabaseError.constraint(let found) {
          #expect(name == nil || found == name)
        }
      }
      try await database.transaction { try $0.run("DELETE FROM item WHERE id = 1") }
      try await expectCount(0, of: "part", database)
    }
  }

  @Test("writing in a read is refused and leaves nothing", arguments: TestDatabase.available)
  func writeInRead(kind: TestDatabase) async throws {
    try await onItems(kind) { database in
      do {
        try await database.read { try $0.run("INSERT INTO item (id, name) VALUES (1, 'a')") }
        Issue.record("a read wrote")
      } catch DatabaseError.readOnly {}
      try await expectNames([], database)
      try await database.transaction { try $0.run("INSERT INTO item (id, name) VALUES (1, 'a')") }
      try await expectNames(["a"], database)
    }
  }

  @Test("many writers at once lose nothing and see each other's work", arguments: TestDatabase.available)
  func manyWriters(kind: TestDatabase) async throws {
    try await onItems(kind) { database in
      try await database.transaction { try $0.run("INSERT INTO item (id, name, kind) VALUES (0, 'counter', '0')") }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 1...60 {
          group.addTask {
            try await database.transaction { db in
              let count = try db.row("SELECT kind FROM item WHERE id = 0")?.text("kind") ?? ""
              try db.run("UPDATE item SET kind = \(String((Int(count) ?? 0) + 1)) WHERE id = 0")
              try db.run("INSERT INTO item (id, name) VALUES (\(number), \("n\(number)"))")
            }
          }
        }
        try await group.waitForAll()
      }
      let row = try await database.read { try $0.row("SELECT kind FROM item WHERE id = 0") }
      #expect(try row?.text("kind") == "60")
      let count = try await names(database).count
      #expect(count == 61)
    }
  }

  @Test("a script cannot end the transaction that it runs in", arguments: TestDatabase.available)
  func scriptThatCommits(kind: TestDatabase) async throws {
    try await onItems(kind) { database in
      await #expect(throws: DatabaseError.self) {
        try await database.transaction { try $0.script("INSERT INTO item (id, name) VALUES (1, 'a'); COMMIT;") }
      }
      try await database.transaction { try $0.run("INSERT INTO item (id, name) VALUES (2, 'b')") }
      let last = try await names(database).last
      #expect(last == "b")
    }
  }

  @Test("a wrong statement is a fault, and the database goes on", arguments: TestDatabase.available)
  func wrongStatement(kind: TestDatabase) async throws {
    try await onItems(kind) { database in
      for statement: SQL in ["SELECT absent FROM item", "SELECT FROM WHERE", "INSERT INTO nowhere (id) VALUES (\(1))"] {
        do {
          try await database.transaction { try $0.run(statement) }
          Issue.record("\(statement.statement.text) ran")
        } catch DatabaseError.failed {}
      }
      try await expectNames([], database)
    }
  }

  @Test("after close every call says so", arguments: TestDatabase.available)
  func closed(kind: TestDatabase) async throws {
    try await onItems(kind) { database in
      await database.close()
      await #expect(throws: DatabaseError.closed) { try await database.transaction { try $0.run("SELECT 1 AS one") } }
      await #expect(throws: DatabaseError.closed) { try await database.read { try $0.run("SELECT 1 AS one") } }
      await database.close()
    }
  }
}
