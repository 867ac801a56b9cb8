import Dispatch
import FoundationEssentials
import Primitives
import Testing

@testable import Persistence

/// The writer's promises: one commit for those that wait together, each on its own inside it.
@Suite struct SQLiteWriterTests {
  private struct OwnError: Error {}

  private func onFile(
    _ settings: [String: SettingsValue] = [:], _ body: (SQLiteDatabase, TemporaryFolder) async throws -> Void
  ) async throws {
    let folder = try TemporaryFolder()
    let opened = try SQLiteDatabase(path: folder.path + "/test.db", settings: try DatabaseSettings(testing: settings))
    try await TestDatabase.closing(opened) { database in
      try await database.transaction { try $0.script("CREATE TABLE item (id BIGINT PRIMARY KEY)") }
      try await body(database, folder)
    }
  }

  /// Runs `work` while the writer is held inside a body, then lets it go.
  private func holdingWriter(_ database: SQLiteDatabase, _ work: () async throws -> Void) async throws {
    let isHeld = DispatchSemaphore(value: 0)
    let gate = DispatchSemaphore(value: 0)
    let holder = Task {
      try await database.transaction { _ in
        isHeld.signal()
        gate.wait()
      }
    }
    #expect(await eventually { isHeld.wait(timeout: .now()) == .success })
    do { try await work() } catch {
      gate.signal()
      throw error
    }
    gate.signal()
    try await holder.value
  }

  /// Frames of the write-ahead log that end a commit: those that carry the database's size (SQLite file format, section 4.1).
  private func commits(in folder: TemporaryFolder) throws -> Int {
    let log = try Data(contentsOf: URL(filePath: folder.path + "/test.db-wal"))
    let page = log[8..<12].reduce(0) { $0 << 8 | Int($1) }
    return stride(from: 32, to: log.count, by: 24 + page).count { log[($0 + 4)..<($0 + 8)].contains { $0 != 0 } }
  }

  @Test("bodies that wait together share one commit, and an error undoes only its own")
  func groupCommit() async throws {
    try await onFile { database, folder in
      let before = try commits(in: folder)
      let successes = try await withThrowingTaskGroup(of: Bool.self, returning: Int.self) { group in
        try await holdingWriter(database) {
          for number in 1...50 {
            group.addTask {
              do {
                try await database.transaction { db in
                  try db.run("INSERT INTO item (id) VALUES (\(number))")
                  if number % 5 == 0 { throw OwnError() }
                  if number % 7 == 0 { try db.run("INSERT INTO item (id) VALUES (\(number))") }
                }
                return true
              } catch is OwnError { return false } catch DatabaseError.constraint { return false }
            }
          }
          #expect(await eventually { database.writer.waitingCount == 50 })
        }
        var successes = 0
        for try await isKept in group where isKept { successes += 1 }
        return successes
      }
      let kept = (Int64(1)...50).filter { number in number % 5 != 0 && number % 7 != 0 }
      let rows = try await database.read { try $0.rows("SELECT id FROM item ORDER BY id") }
      #expect(try rows.map { try $0.integer("id") } == kept)
      #expect(successes == kept.count)
      #expect(try commits(in: folder) == before + 1)
    }
  }

  @Test("past the bound of the queue a write is refused at once")
  func boundedQueue() async throws {
    try await onFile(["queue": .integer(16)]) { database, _ in
      try await withThrowingTaskGroup(of: Void.self) { group in
        try await holdingWriter(database) {
          for number in 1...16 {
            group.addTask { try await database.transaction { try $0.run("INSERT INTO item (id) VALUES (\(number))") } }
          }
          #expect(await eventually { database.writer.waitingCount == 16 })
          do {
            try await database.transaction { try $0.run("INSERT INTO item (id) VALUES (17)") }
            Issue.record("the seventeenth was taken")
          } catch DatabaseError.unavailable {}
        }
        try await group.waitForAll()
      }
      let rows = try await database.read { try $0.rows("SELECT id FROM item") }
      #expect(rows.count == 16)
    }
  }

  @Test("closing finishes what waits")
  func closeFinishes() async throws {
    try await onFile { database, folder in
      try await withThrowingTaskGroup(of: Void.self) { group in
        try await holdingWriter(database) {
          for number in 1...20 {
            group.addTask { try await database.transaction { try $0.run("INSERT INTO item (id) VALUES (\(number))") } }
          }
          #expect(await eventually { database.writer.waitingCount == 20 })
          group.addTask { await database.close() }
          #expect(await eventually { database.writer.isClosed })
        }
        try await group.waitForAll()
      }
      let reopened = try SQLiteDatabase(path: folder.path + "/test.db", settings: try DatabaseSettings(testing: [:]))
      try await TestDatabase.closing(reopened) { database in
        try await expectCount(20, database)
      }
    }
  }

  @Test("a read keeps its snapshot while a writer commits, and neither waits for the other")
  func snapshot() async throws {
    try await onFile { database, _ in
      let hasRead = DispatchSemaphore(value: 0)
      let goOn = DispatchSemaphore(value: 0)
      // Its own thread: the body blocks on purpose.
      let counts = Task.detached {
        try await database.read { db in
          let before = try db.rows("SELECT id FROM item").count
          hasRead.signal()
          goOn.wait()
          return [before, try db.rows("SELECT id FROM item").count]
        }
      }
      #expect(await eventually { hasRead.wait(timeout: .now()) == .success })
      try await database.transaction { try $0.run("INSERT INTO item (id) VALUES (1)") }
      let others = try await database.read { try $0.rows("SELECT id FROM item").count }
      goOn.signal()
      #expect(try await counts.value == [0, 0])
      #expect(others == 1)
    }
  }

  @Test("a connection keeps a bounded number of statements")
  func statementCache() async throws {
    let connection = try SQLiteConnection(path: ":memory:", access: .readWrite, cacheKiB: 64, busyTimeout: .zero)
    for count in 1...600 {
      var interpolation = SQL.StringInterpolation(literalCapacity: 0, interpolationCount: count)
      interpolation.appendLiteral("SELECT ")
      for number in 0..<(count % 300) {
        interpolation.appendInterpolation(number)
        interpolation.appendLiteral(", ")
      }
      interpolation.appendLiteral("1 AS one")
      let row = try connection.rows(SQL(stringInterpolation: interpolation)).first
      #expect(try row?.integer("one") == 1)
      #expect(connection.statementCount <= SQLiteConnection.mostStatements)
    }
  }
}
