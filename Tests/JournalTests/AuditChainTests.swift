import Journal
import Persistence
import Primitives
import Telemetry
import Testing

/// Databases with chains in them.
enum Chain {
  static let start = Instant(unixSeconds: 1_800_000_000)

  /// A chain of `count` entries in a database of its own.
  static func database(_ count: Int) async throws -> SQLiteDatabase {
    let settings = try DatabaseSettings(
      from: SettingsReader([:]) { path throws(SettingsError) in throw SettingsError(path: path, detail: "no file") })
    let database = try SQLiteDatabase(inMemory: settings)
    _ = try await Migrator(database, now: .fixed(at: start)).run()
    for index in 0..<count {
      let event = AuditEvent("thing.changed", subject: "thing:\(index)", ["from": "a", "to": "b"])
      let provenance = Provenance(actor: .account("someone"), requestID: "request-\(index)", address: "192.0.2.\(index)")
      try await database.transaction { try AuditLog($0).append(event, by: provenance, at: start + .seconds(index)) }
    }
    return database
  }

  /// Where a chain of ten breaks after a change in the database; `nil` where it verifies.
  static func breakage(after change: String) async throws -> Int64? {
    let database = try await database(10)
    try await database.transaction { try $0.script(change) }
    guard case .broken(let position, let reason) = try await AuditVerification.verify(database) else { return nil }
    #expect(!reason.isEmpty)
    return position
  }
}

@Suite("The audit chain")
struct AuditChainTests {
  @Test("an empty chain and a grown one are intact; numbers follow one another and the newest come last")
  func intact() async throws {
    let empty = try await Chain.database(0)
    #expect(try await AuditVerification.verify(empty) == .intact(entries: 0, digest: []))
    let database = try await Chain.database(25)
    let tail = try await database.read { try AuditLog($0).tail(3) }
    #expect(tail.map(\.sequence) == [23, 24, 25])
    #expect(try await AuditVerification.verify(database) == .intact(entries: 25, digest: tail[2].digest))
    #expect(tail[2].digest.count == 32)
    #expect(tail[2].detail == #"{"from":"a","to":"b"}"#)
    #expect(tail[2].actor == "account:someone")
    #expect(try await database.read { try AuditLog($0).entries(after: 20, limit: 2) }.map(\.sequence) == [21, 22])
  }

  @Test(
    "a change of any field of any entry is found at that entry",
    arguments: [
      "happened_at = happened_at + 1", "action = 'thing.changes'", "actor = 'system'", "subject = ''", "request_id = 'another'",
      "address = '192.0.2.200'", "detail = '{}'", "digest = zeroblob(32)",
      // A text moved over the border of two fields.
      "action = 'thing.change', actor = 'd' || actor",
    ])
  func tampered(_ change: String) async throws {
    for position in [1, 5, 10] as [Int64] {
      #expect(try await Chain.breakage(after: "UPDATE audit_entry SET \(change) WHERE sequence = \(position)") == position)
    }
  }

  @Test("a removed entry, a removed end, a removed beginning and a changed order are found")
  func removed() async throws {
    #expect(try await Chain.breakage(after: "DELETE FROM audit_entry WHERE sequence = 5") == 5)
    #expect(try await Chain.breakage(after: "DELETE FROM audit_entry WHERE sequence > 7") == 8)
    #expect(try await Chain.breakage(after: "DELETE FROM audit_entry WHERE sequence = 10") == 10)
    #expect(try await Chain.breakage(after: "DELETE FROM audit_entry WHERE sequence < 3") == 1)
    #expect(try await Chain.breakage(after: "DELETE FROM audit_entry") == 1)
    let swap = """
      UPDATE audit_entry SET sequence = 100 WHERE sequence = 4; UPDATE audit_entry SET sequence = 4 WHERE sequence = 5;
      UPDATE audit_entry SET sequence = 5 WHERE sequence = 100
      """
    #expect(try await Chain.breakage(after: swap) == 4)
  }

  @Test(
    "a head that was changed is found",
    arguments: ["UPDATE audit_head SET sequence = 12", "UPDATE audit_head SET digest = zeroblob(32)", "DELETE FROM audit_head"])
  func head(_ change: String) async throws {
    #expect(try await Chain.breakage(after: change) != nil)
  }

  @Test("an entry goes with its change: a transaction that fails leaves neither, and parallel ones leave no gap")
  func atomic() async throws {
    struct Undone: Error {}
    let database = try await Chain.database(2)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<50 {
        group.addTask {
          try await database.transaction { db in
            try AuditLog(db).append(AuditEvent("thing.changed", subject: "parallel:\(index)"), by: .system, at: Chain.start)
            if index % 5 == 0 { throw Undone() }
          }
        }
      }
      while let result = await group.nextResult() { if case .failure(let error) = result, !(error is Undone) { throw error } }
    }
    let entries = try await database.read { try AuditLog($0).tail(100) }
    #expect(entries.map(\.sequence) == Array(1...42))
    #expect(try await AuditVerification.verify(database) == .intact(entries: 42, digest: entries[41].digest))
  }
}

@Suite("The tally of denials")
struct DenialTallyTests {
  private let start = Chain.start

  @Test("refusals are counted by reason, source and minute, and taken once their minute is over")
  func counts() {
    let tally = DenialTally()
    for _ in 0..<3 { tally.count("a", from: "192.0.2.1", at: start) }
    tally.count("a", from: "192.0.2.2", at: start)
    tally.count("b", from: "192.0.2.1", at: start)
    tally.count("a", from: "192.0.2.1", at: start + .seconds(60))
    #expect(tally.take(before: start + .seconds(59)).isEmpty)
    let taken = tally.take(before: start + .seconds(60)).map { "\($0.key.reason) \($0.key.source) \($0.count)" }
    #expect(taken == ["a 192.0.2.1 3", "a 192.0.2.2 1", "b 192.0.2.1 1"])
    #expect(tally.take(before: start + .seconds(60)).isEmpty)
    #expect(tally.take(before: start + .seconds(60), isFinal: true).map(\.count) == [1])
  }

  @Test("past its capacity new sources are counted together, and nothing is lost")
  func bounded() {
    let tally = DenialTally(capacity: 100)
    for index in 0..<10_000 { tally.count("a", from: "source \(index)", at: start) }
    let taken = tally.take(before: start, isFinal: true)
    #expect(taken.count == 101)
    #expect(taken.map(\.count).reduce(0, +) == 10_000)
    #expect(taken.first { $0.key.source == "(other)" }?.count == 9_900)
  }

  @Test("each minute has a capacity of its own, and each reason its own rest")
  func perMinute() {
    let tally = DenialTally()
    for minute in 0..<2 {
      for index in 0..<1_000 {
        for reason in ["a", "b"] { tally.count(reason, from: "source \(index)", at: start + .seconds(60 * minute)) }
      }
    }
    let taken = tally.take(before: start, isFinal: true)
    #expect(taken.count == 2 * (256 + 2))
    #expect(taken.filter { $0.key.source == "(other)" }.map { "\($0.key.reason) \($0.count)" } == ["a 872", "b 872", "a 872", "b 872"])
  }

  @Test("what is put back keeps to the capacity, and nothing is lost")
  func putBackBounded() {
    let tally = DenialTally(capacity: 100)
    for index in 0..<150 { tally.count("a", from: "early \(index)", at: start) }
    let taken = tally.take(before: start, isFinal: true)
    for index in 0..<60 { tally.count("a", from: "late \(index)", at: start) }
    tally.putBack(taken)
    let all = tally.take(before: start, isFinal: true)
    #expect(all.count == 101)
    #expect(all.first { $0.key.source == "(other)" }?.count == 110)
    #expect(all.map(\.count).reduce(0, +) == 210)
  }

  @Test("while nothing can be written an hour is kept by minute, and what is older is added to its beginning")
  func backlog() {
    let tally = DenialTally()
    for minute in 0..<200 { for source in ["1", "2"] { tally.count("a", from: source, at: start + .seconds(60 * minute)) } }
    let taken = tally.take(before: start, isFinal: true)
    #expect(taken.map(\.count).reduce(0, +) == 400)
    #expect(Set(taken.map(\.key.minute)).count == 60)
    #expect(taken.first { $0.key.source == "(other)" }?.count == 280)
    #expect(taken.first?.key.minute == start.unixSeconds / 60 + 140)
  }

  @Test("more than a transaction's entries are written in several; what those before a fault wrote is not written again")
  func batches() async throws {
    let database = try await Chain.database(0)
    let tally = DenialTally(capacity: 1_000)
    let recorder = DenialRecorder(tally: tally, database: database, log: .discarding)
    for index in 0..<450 { tally.count("a", from: "source \(index)", at: start) }
    // Lets the first batch of 200 through and no entry more.
    try await database.transaction {
      try $0.script(
        """
        CREATE TRIGGER full BEFORE INSERT ON audit_entry WHEN (SELECT count(*) FROM audit_entry) >= 300
        BEGIN SELECT RAISE(ABORT, 'full'); END
        """)
    }
    await recorder.record(at: start, isFinal: true)
    #expect(try await database.read { try AuditLog($0).tail(1_000) }.count == 200)
    try await database.transaction { try $0.script("DROP TRIGGER full") }
    await recorder.record(at: start, isFinal: true)
    let entries = try await database.read { try AuditLog($0).tail(1_000) }
    #expect(entries.count == 450)
    #expect(Set(entries.map(\.detail)).count == 450)
  }

  @Test("what cannot be written stays in the tally and is written later, added to what came meanwhile")
  func putBack() async throws {
    let database = try await Chain.database(0)
    let tally = DenialTally()
    let recorder = DenialRecorder(tally: tally, database: database, log: .discarding)
    tally.count("a", from: "192.0.2.1", at: start)
    try await database.transaction { try $0.script("ALTER TABLE audit_entry RENAME TO elsewhere") }
    await recorder.record(at: start, isFinal: true)
    tally.count("a", from: "192.0.2.1", at: start)
    try await database.transaction { try $0.script("ALTER TABLE elsewhere RENAME TO audit_entry") }
    await recorder.record(at: start, isFinal: true)
    await recorder.record(at: start, isFinal: true)
    let entries = try await database.read { try AuditLog($0).tail(10) }
    #expect(entries.count == 1)
    #expect(entries.first?.detail.contains(#""count":"2""#) == true)
  }
}
