import Persistence
import Primitives
import Testing

@Suite("Changes that transactions announce")
struct ChangesTests {
  private static let subject = ChangedSubject.session(Array(1...16))

  @Test("a stamp is outdated when the announcing transaction returns, and no other subject's is", arguments: TestDatabase.available)
  func announced(database: TestDatabase) async throws {
    try await database.run { database in
      let stamp = database.changes.stamp(of: Self.subject)
      let other = database.changes.stamp(of: .roles)
      #expect(database.changes.isCurrent(stamp))
      try await database.transaction { $0.announce(Self.subject) }
      #expect(!database.changes.isCurrent(stamp))
      #expect(database.changes.isCurrent(other))
      #expect(database.changes.isCurrent(database.changes.stamp(of: Self.subject)))
    }
  }

  @Test("a body that fails announces nothing, though it shares its commit with others", arguments: TestDatabase.available)
  func failed(database: TestDatabase) async throws {
    struct Undone: Error {}
    try await database.run { database in
      let stamp = database.changes.stamp(of: Self.subject)
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<20 {
          group.addTask {
            try? await database.transaction { db in
              db.announce(number.isMultiple(of: 2) ? Self.subject : .roles)
              if number.isMultiple(of: 2) { throw Undone() }
            }
          }
        }
      }
      #expect(database.changes.isCurrent(stamp))
    }
  }

  @Test("who is told of a change never reads what was before under a current stamp", arguments: TestDatabase.available)
  func order(database: TestDatabase) async throws {
    try await database.run { database in
      try await database.transaction { try $0.script("CREATE TABLE item (id BIGINT PRIMARY KEY, value BIGINT NOT NULL)") }
      try await database.transaction { try $0.run("INSERT INTO item (id, value) VALUES (1, 0)") }
      for round in Int64(1)...100 {
        async let change: Void = database.transaction { db in
          try db.run("UPDATE item SET value = \(round) WHERE id = 1")
          db.announce(Self.subject)
        }
        let stamp = database.changes.stamp(of: Self.subject)
        let seen = try await database.read { try $0.row("SELECT value FROM item WHERE id = 1")?.integer("value") }
        try await change
        #expect(seen == round || !database.changes.isCurrent(stamp))
      }
    }
  }
}
