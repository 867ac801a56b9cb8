import Glibc
import Primitives
import Testing

@testable import Persistence

/// What only PostgreSQL does. The tests with a server run under `Scripts/test-postgresql`.
@Suite struct PostgreSQLTests {
  private static let hasServer = TestDatabase.serverURL != nil

  private func onSchema(
    _ settings: [String: SettingsValue] = [:], _ body: (PostgreSQLDatabase, PostgreSQLSchema) async throws -> Void
  ) async throws {
    try await PostgreSQLSchema.run { schema in
      try await TestDatabase.closing(try schema.database(try DatabaseSettings(testing: settings))) { try await body($0, schema) }
    }
  }

  @Test("two bodies that would undo each other's premise do not both commit", .enabled(if: hasServer, "no PostgreSQL named"))
  func writeSkew() async throws {
    try await onSchema { database, _ in
      try await database.transaction { try $0.script("CREATE TABLE admin (id BIGINT PRIMARY KEY, is_on BOOLEAN NOT NULL)") }
      try await database.transaction { db in for id in 1...8 { try db.run("INSERT INTO admin (id, is_on) VALUES (\(id), \(true))") } }
      // Each switches itself off unless it is the last: under weaker isolation all eight would.
      try await withThrowingTaskGroup(of: Void.self) { group in
        for id in 1...8 {
          group.addTask {
            try await database.transaction { db in
              let count = try db.row("SELECT COUNT(*) AS count FROM admin WHERE is_on")?.integer("count") ?? 0
              if count > 1 { try db.run("UPDATE admin SET is_on = \(false) WHERE id = \(id)") }
            }
          }
        }
        try await group.waitForAll()
      }
      let row = try await database.read { try $0.row("SELECT COUNT(*) AS count FROM admin WHERE is_on") }
      #expect(try row?.integer("count") == 1)
    }
  }

  @Test("who has lost time and again runs alone: nobody's first try comes between", .enabled(if: hasServer, "no PostgreSQL named"))
  func alone() async throws {
    try await onSchema { database, schema in
      _ = try await Migrator(database, [], now: .fixed(at: Instant(unixSeconds: 0))).run()
      try await database.transaction { db in
        try db.script("CREATE TABLE counter (id BIGINT PRIMARY KEY, count BIGINT NOT NULL)")
        try db.run("INSERT INTO counter (id, count) VALUES (\(1), \(0))")
      }
      let other = try schema.database(try DatabaseSettings(testing: [:]))
      let watcher = try PostgreSQLConnection(try LibPQ(), url: schema.url, password: nil, settings: try DatabaseSettings(testing: [:]))
      let rival = Rival(other, watcher)
      let tries = try await database.transaction { db in
        let before = try db.row("SELECT count FROM counter WHERE id = \(1)")?.integer("count") ?? 0
        // Whoever tries meanwhile for the first time is through before the write, or waits until this is over.
        let number = try rival.comesBetween()
        try db.run("UPDATE counter SET count = \(before + 1) WHERE id = \(1)")
        return number
      }
      #expect(tries == 4)
      await rival.finish()
      await other.close()
      #expect(try await database.read { try $0.row("SELECT count FROM counter")?.integer("count") } == 5)
    }
  }

  @Test("a node that freezes inside of a transaction holds nobody up for long", .enabled(if: hasServer, "no PostgreSQL named"))
  func frozen() async throws {
    try await onSchema { database, schema in
      _ = try await Migrator(database, [], now: .fixed(at: Instant(unixSeconds: 0))).run()
      let settings = try DatabaseSettings(testing: [:])
      let frozen = try PostgreSQLConnection(try LibPQ(), url: schema.url, password: nil, settings: settings)
      try frozen.begin(.inTurn)
      let other = try PostgreSQLConnection(try LibPQ(), url: schema.url, password: nil, settings: settings)
      // Can neither have its turn nor be alone, and goes on among the others.
      for mode in [PostgreSQLConnection.Mode.inTurn, .alone] {
        try other.begin(mode)
        try other.commit()
      }
      try frozen.execute("SET idle_in_transaction_session_timeout = 100")
      while try other.rows("SELECT pid FROM pg_locks WHERE relation = to_regclass('schema_migration')").first != nil { sched_yield() }
      try other.begin(.alone)
      try other.commit()
      #expect(throws: DatabaseError.self) { try frozen.commit() }
    }
  }

  @Test("a connection that the server ended is made anew, unnoticed", .enabled(if: hasServer, "no PostgreSQL named"))
  func lostConnections() async throws {
    try await onSchema(["connections": .integer(1)]) { database, schema in
      try await database.transaction { try $0.script("CREATE TABLE item (id BIGINT PRIMARY KEY)") }
      let id = try await database.read { try $0.row("SELECT pg_backend_pid() AS id")?.integer("id") }
      try await TestDatabase.closing(try schema.database(try DatabaseSettings(testing: [:]))) { other in
        try await other.transaction { try $0.run("SELECT pg_terminate_backend(CAST(\(id) AS INTEGER)) AS done") }
      }
      try await database.transaction { try $0.run("INSERT INTO item (id) VALUES (\(1))") }
      let after = try await database.read { try $0.row("SELECT pg_backend_pid() AS id")?.integer("id") }
      #expect(after != id)
    }
  }

  @Test("a server that is not there is unavailable, and no message shows the password")
  func noServer() async throws {
    let settings = try DatabaseSettings(testing: ["password": .string("hunter2hunter2"), "connectTimeout": .integer(1)])
    let opened = try PostgreSQLDatabase(url: "postgresql://someone@/nowhere?host=/absent/folder", settings: settings)
    await TestDatabase.closingQuietly(opened) { database in
      do {
        try await database.transaction { try $0.run("SELECT 1 AS one") }
        Issue.record("there was a server")
      } catch {
        let text = String(describing: error)
        #expect(text.hasPrefix("unavailable") && text.contains("/absent/folder") && !text.contains("hunter2"))
      }
    }
  }

  @Test("a connection string that libpq cannot read is refused without being repeated")
  func unreadableURL() throws {
    let settings = try DatabaseSettings(testing: [:])
    #expect(throws: DatabaseError.failed("database.url is no connection string that libpq can read")) {
      try PostgreSQLDatabase(url: "postgresql://host/name?nonsense=hunter2", settings: settings)
    }
  }

  @Test("a connection keeps a bounded number of statements", .enabled(if: hasServer, "no PostgreSQL named"))
  func statementCache() throws {
    let url = try #require(TestDatabase.serverURL)
    let connection = try PostgreSQLConnection(try LibPQ(), url: url, password: nil, settings: try DatabaseSettings(testing: [:]))
    for count in 1...600 {
      var interpolation = SQL.StringInterpolation(literalCapacity: 0, interpolationCount: count)
      interpolation.appendLiteral("SELECT ")
      for number in 0..<(count % 300) {
        interpolation.appendInterpolation(number)
        interpolation.appendLiteral(" AS n, ")
      }
      interpolation.appendLiteral("1 AS one")
      #expect(try connection.rows(SQL(stringInterpolation: interpolation)).first?.integer("one") == 1)
      #expect(connection.statementCount <= PostgreSQLConnection.mostStatements)
    }
  }

  @Test("a table that another node has changed is read with its new columns", .enabled(if: hasServer, "no PostgreSQL named"))
  func stalePlans() async throws {
    try await onSchema(["connections": .integer(1)]) { database, schema in
      try await database.transaction { try $0.script("CREATE TABLE item (id BIGINT PRIMARY KEY); INSERT INTO item VALUES (1);") }
      for _ in 1...3 { try await database.read { try $0.run("SELECT * FROM item") } }
      try await TestDatabase.closing(try schema.database(try DatabaseSettings(testing: [:]))) { other in
        try await other.transaction { try $0.script("ALTER TABLE item ADD COLUMN name TEXT") }
      }
      let row = try await database.read { try $0.row("SELECT * FROM item") }
      #expect(try row?.textIfPresent("name") == nil)
    }
  }

  @Test(
    "whole numbers of every size come back from SUM",
    .enabled(if: hasServer, "no PostgreSQL named"),
    arguments: [0, 1, -1, 9_999, 10_000, 123_456_789_012, -100_000_000, Int64.max, Int64.min])
  func sums(number: Int64) async throws {
    try await onSchema { database, _ in
      let row = try await database.read { try $0.row("SELECT SUM(n) AS sum FROM (SELECT \(number) AS n) AS numbers") }
      #expect(try row?.integer("sum") == number)
    }
  }

  @Test("a password in the connection string is refused with the place where it belongs")
  func passwordInURL() {
    for url in ["postgresql://a:b@host/db", "postgres://host/db?password=b", "postgresql://host/db?x=1&password=b", "mysql://host/db"] {
      #expect(throws: SettingsError.self) { try DatabaseSettings(testing: ["url": .string(url)]) }
    }
    for url in ["postgresql://a@host:5432/db", "postgresql://host:5432/db?sslmode=verify-full", "postgresql:///db?host=/run", ""] {
      #expect(throws: Never.self) { try DatabaseSettings(testing: ["url": .string(url)]) }
    }
  }
}

extension TestDatabase {
  static func closingQuietly<Opened: Database>(_ database: Opened, _ body: (Opened) async -> Void) async {
    await body(database)
    await database.close()
  }
}

/// Somebody who counts up as well, each time that he is called, by a first try of his own.
private final class Rival: @unchecked Sendable {
  private let database: PostgreSQLDatabase
  private let watcher: PostgreSQLConnection
  private var calls = 0
  private var tasks: [Task<Void, any Error>] = []

  init(_ database: PostgreSQLDatabase, _ watcher: PostgreSQLConnection) {
    self.database = database
    self.watcher = watcher
  }

  /// Returns when the rival has committed, or waits for a lock. Answers how often it was called. One at a time calls it.
  func comesBetween() throws -> Int {
    calls += 1
    let before = try count()
    tasks.append(
      Task { [database] in
        try await database.transaction { try $0.run("UPDATE counter SET count = count + 1 WHERE id = \(1)") }
      })
    while try count() == before, try !isWaiting() { sched_yield() }
    return calls
  }

  func finish() async { for task in tasks { try? await task.value } }

  private func count() throws -> Int64 { try watcher.rows("SELECT count FROM counter").first?.integer("count") ?? 0 }

  private func isWaiting() throws -> Bool {
    try watcher.rows(
      "SELECT pid FROM pg_locks WHERE NOT granted AND relation = to_regclass('schema_migration')"
    ).first != nil
  }
}
