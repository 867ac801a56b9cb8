import Glibc
import Primitives
import Testing

@testable import Persistence

/// A database as a file: who may read it, and what happens where the disk does not do its part.
@Suite struct SQLiteFileTests {
  private static let files = ["test.db", "test.db-wal", "test.db-shm"]

  private func open(_ folder: TemporaryFolder, _ settings: [String: SettingsValue] = [:]) throws -> SQLiteDatabase {
    try SQLiteDatabase(path: folder.path + "/test.db", settings: try DatabaseSettings(testing: settings))
  }

  private func write(_ database: SQLiteDatabase) async throws {
    try await database.transaction { try $0.script("CREATE TABLE IF NOT EXISTS item (id BIGINT PRIMARY KEY, data BYTEA)") }
    _ = try await database.read { try $0.rows("SELECT id FROM item") }
  }

  @Test("every file is made for its owner only")
  func modes() async throws {
    let folder = try TemporaryFolder()
    try await TestDatabase.closing(try open(folder)) { database in
      try await write(database)
      for file in Self.files { #expect(folder.mode(of: file) == 0o600, "\(file)") }
    }
  }

  @Test("files that stand open to others are closed to them")
  func openModes() async throws {
    let folder = try TemporaryFolder()
    let first = try open(folder)
    try await write(first)
    for file in Self.files { #expect(chmod("\(folder.path)/\(file)", 0o666) == 0) }
    try await TestDatabase.closing(try open(folder)) { _ in
      for file in Self.files { #expect(folder.mode(of: file) == 0o600, "\(file)") }
    }
    await first.close()
  }

  @Test("foreign keys, full syncs and the write-ahead log are on, and the schema is not trusted")
  func pragmas() async throws {
    let folder = try TemporaryFolder()
    try await TestDatabase.closing(try open(folder)) { database in
      let row = try await database.transaction { db in
        try db.row(
          """
          SELECT (SELECT journal_mode FROM pragma_journal_mode) AS journal, (SELECT synchronous FROM pragma_synchronous) AS sync,
            (SELECT foreign_keys FROM pragma_foreign_keys) AS keys, (SELECT trusted_schema FROM pragma_trusted_schema) AS trusted
          """)
      }
      #expect(try row?.text("journal") == "wal")
      #expect(try row?.integer("sync") == 2)
      #expect(try row?.integer("keys") == 1)
      #expect(try row?.integer("trusted") == 0)
      // Defensive: not even with the switch that otherwise opens the schema table.
      await #expect(throws: DatabaseError.self) {
        try await database.transaction { db in
          try db.script("CREATE TABLE t (id BIGINT); PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'x' WHERE name = 't';")
        }
      }
    }
  }

  @Test("a full database refuses the write and goes on; there is room again, and it writes")
  func full() async throws {
    let folder = try TemporaryFolder()
    try await TestDatabase.closing(try open(folder)) { database in
      try await write(database)
      try await database.transaction { db in
        try db.run("INSERT INTO item (id, data) VALUES (0, \([1]))")
        try db.script("PRAGMA max_page_count = 20")
      }
      do {
        try await database.transaction { try $0.run("INSERT INTO item (id, data) VALUES (1, \([UInt8](repeating: 1, count: 200_000)))") }
        Issue.record("there was room")
      } catch DatabaseError.full {}
      try await expectCount(1, database)
      try await database.transaction { try $0.run("INSERT INTO item (id, data) VALUES (2, \([2]))") }
      try await database.transaction { try $0.script("PRAGMA max_page_count = 20000") }
      try await database.transaction { try $0.run("INSERT INTO item (id, data) VALUES (1, \([UInt8](repeating: 1, count: 200_000)))") }
      try await expectCount(3, database)
    }
  }

  @Test("a database that another process keeps locked is unavailable, and afterwards is not")
  func locked() async throws {
    let folder = try TemporaryFolder()
    try await TestDatabase.closing(try open(folder, ["busyTimeout": .number(0.05)])) { database in
      try await write(database)
      let other = try SQLiteConnection(path: folder.path + "/test.db", access: .readWrite, cacheKiB: 64, busyTimeout: .zero)
      try other.execute("BEGIN IMMEDIATE")
      do {
        try await database.transaction { try $0.run("INSERT INTO item (id) VALUES (1)") }
        Issue.record("it wrote beside another writer")
      } catch DatabaseError.unavailable {}
      try await expectCount(0, database)
      try other.execute("ROLLBACK")
      try await database.transaction { try $0.run("INSERT INTO item (id) VALUES (1)") }
    }
  }

  @Test("a folder that is missing, a folder in place of the file and a symbolic link are refused with their name")
  func unusablePaths() throws {
    let folder = try TemporaryFolder()
    #expect(throws: DatabaseError.readOnly("\(folder.path)/absent/test.db: No such file or directory")) {
      try SQLiteDatabase(path: folder.path + "/absent/test.db", settings: try DatabaseSettings(testing: [:]))
    }
    #expect(throws: DatabaseError.readOnly("\(folder.path) is not a file")) {
      try SQLiteDatabase(path: folder.path, settings: try DatabaseSettings(testing: [:]))
    }
    #expect(symlink("/tmp/elsewhere.db", folder.path + "/test.db") == 0)
    #expect(throws: DatabaseError.readOnly("\(folder.path)/test.db is not a file")) { try open(folder) }
  }

  @Test("a file that is no database is corrupt")
  func notADatabase() throws {
    let folder = try TemporaryFolder()
    let file = try #require(fopen(folder.path + "/test.db", "w"))
    fputs(String(repeating: "this is no database ", count: 500), file)
    fclose(file)
    do {
      _ = try open(folder)
      Issue.record("it opened")
    } catch DatabaseError.corrupt {}
  }

  @Test("result codes become faults by their kind")
  func faults() {
    #expect(DatabaseError(code: 13, message: "m") == .full("m"))
    #expect(DatabaseError(code: 8 | 1 << 8, message: "m") == .readOnly("m"))
    #expect(DatabaseError(code: 14, message: "m") == .readOnly("m"))
    #expect(DatabaseError(code: 3, message: "m") == .readOnly("m"))
    #expect(DatabaseError(code: 5 | 2 << 8, message: "m") == .unavailable("m"))
    #expect(DatabaseError(code: 6, message: "m") == .unavailable("m"))
    #expect(DatabaseError(code: 10 | 4 << 8, message: "m") == .unavailable("m"))
    #expect(DatabaseError(code: 11, message: "m") == .corrupt("m"))
    #expect(DatabaseError(code: 26, message: "m") == .corrupt("m"))
    #expect(DatabaseError(code: 1, message: "m") == .failed("m"))
    #expect(DatabaseError(code: 19 | 8 << 8, message: "UNIQUE constraint failed: account.username") == .constraint("account.username"))
  }
}
