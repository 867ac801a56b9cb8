import Delivery
import Persistence
import Primitives
import Telemetry
import Testing

@testable import Identity

@Suite("Outbox rows")
struct OutboxRowTests {
  @Test("pauses grow from seconds to half an hour, differ between messages, are the same for the same one, and end")
  func backoff() {
    for attempts in 1..<Backoff.mostAttempts {
      let nominal = min(Duration.seconds(10) * Int(1 << min(attempts - 1, 20)), .minutes(30))
      let pauses = (0..<1_000).compactMap { Backoff.pause(after: attempts, seed: $0) }
      #expect(pauses.count == 1_000)
      #expect(pauses.allSatisfy { $0 >= nominal * 3 / 4 && $0 <= nominal * 5 / 4 + .seconds(1) })
      #expect(Set(pauses).count > 900)
      #expect(Backoff.pause(after: attempts, seed: 7) == Backoff.pause(after: attempts, seed: 7))
    }
    #expect(Backoff.pause(after: Backoff.mostAttempts, seed: 7) == nil)
    #expect(Backoff.pause(after: Backoff.mostAttempts + 5, seed: 7) == nil)
  }

  private static let lease = Duration.minutes(2)

  private func ground(queue: Int = 100) async throws -> (SQLiteDatabase, Outbox) {
    let database = try await Ground.database()
    let vault = try await Vault.open(database, MasterKey(), now: .fixed(at: Ground.start))
    func reader(_ members: [String: SettingsValue]) -> SettingsReader {
      SettingsReader(members) { path throws(SettingsError) in throw SettingsError(path: path, detail: "no file") }
    }
    let mail = try MailSettings(
      from: reader(["url": .string("smtp://127.0.0.1:1"), "from": .string("noreply@example.com"), "queue": .integer(queue)]))
    return (database, Outbox(vault: vault, mail: mail, sms: try SMSSettings(from: reader([:])), product: "Test"))
  }

  /// Answers how many were taken in.
  @discardableResult private func enqueue(
    _ outbox: Outbox, _ database: any Database, _ kind: MessageKind = .code, count: Int, at instant: Instant = Ground.start
  ) async throws -> Int {
    try await database.transaction { db in
      guard let address = MailAddress("ann@example.com") else { return 0 }
      let values = MessageValues([.code: "123456"])
      return try (0..<count).count { _ in
        let message = OutgoingMessage(kind, to: .mail(address), values, lifetime: .minutes(10))
        return if case .queued = try outbox.enqueue(message, db, at: instant) { true } else { false }
      }
    }
  }

  @Test("what people wait for goes before what can wait, however long that has waited")
  func urgency() async throws {
    let (database, outbox) = try await ground()
    try await enqueue(outbox, database, .registration, count: 5)
    try await enqueue(outbox, database, .recovery, count: 2, at: Ground.start + .seconds(1))
    try await enqueue(outbox, database, count: 2, at: Ground.start + .seconds(2))
    let rows = try await claim(database, 1, limit: 6, at: Ground.start + .seconds(3))
    #expect(rows.map(\.template) == ["code", "code", "recovery", "recovery", "registration", "registration"])
  }

  @Test("what strangers ask for fills a part of the room; what is withdrawn takes none")
  func room() async throws {
    let (database, outbox) = try await ground(queue: 100)
    try await database.transaction { db in
      for _ in 0..<200 { try outbox.send(.recovery, to: nil, MessageValues([:]), lifetime: .minutes(30), db, at: Ground.start) }
    }
    #expect(try await enqueue(outbox, database, .registration, count: 80) == 50)
    #expect(try await enqueue(outbox, database, .recovery, count: 80) == 25)
    #expect(try await enqueue(outbox, database, count: 80) == 25)
  }

  private func claim(_ database: any Database, _ name: UInt8, limit: Int = 100, at instant: Instant) async throws -> [OutboxRow] {
    try await database.transaction { try OutboxStore($0).claim(.mail, [name], for: Self.lease, limit: limit, at: instant) }
  }

  @Test("two that claim get different rows, and each row once")
  func claims() async throws {
    let (database, outbox) = try await ground()
    try await enqueue(outbox, database, count: 10)
    let one = try await claim(database, 1, limit: 6, at: Ground.start)
    let two = try await claim(database, 2, limit: 6, at: Ground.start)
    #expect(one.count == 6 && two.count == 4)
    #expect(Set((one + two).map(\.id)).count == 10)
    #expect(try await claim(database, 3, at: Ground.start).isEmpty)
  }

  @Test("what its claimer never settled, because he died, is another's when the lease is over, and the dead one's word is void")
  func lease() async throws {
    let (database, outbox) = try await ground()
    try await enqueue(outbox, database, count: 1)
    let dead = try #require(try await claim(database, 1, at: Ground.start).first)
    #expect(try await claim(database, 2, at: Ground.start + .seconds(119)).isEmpty)
    let heir = try #require(try await claim(database, 2, at: Ground.start + .seconds(120)).first)
    #expect(heir.id == dead.id && heir.attempts == 2)
    #expect(try await database.transaction { try OutboxStore($0).delete(dead) } == false)
    try await database.transaction { try OutboxStore($0).bury(dead, because: "late") }
    #expect(try await database.transaction { try OutboxStore($0).delete(heir) })
    #expect(try await database.read { try OutboxStore($0).waiting(.mail) } == 0)
  }

  @Test("a row that a clock in the future put off is due when the clock is set right")
  func clockSetBack() async throws {
    let (database, outbox) = try await ground()
    let future = Ground.start + .days(30)
    try await enqueue(outbox, database, count: 1, at: future)
    #expect(try await database.read { try OutboxStore($0).hasDue(.mail, at: Ground.start) })
    #expect(try await claim(database, 1, at: Ground.start).count == 1)
  }

  @Test("no row shows its code, and only its own row opens it")
  func sealed() async throws {
    let (database, outbox) = try await ground()
    try await enqueue(outbox, database, count: 2)
    let rows = try await claim(database, 1, at: Ground.start)
    for row in rows { #expect(!String(decoding: row.payload, as: UTF8.self).contains("123456")) }
    #expect(rows[0].payload != rows[1].payload)
  }

  @Test("dead letters are emptied when they are worth nothing any more, and gone a week later")
  func deadLetters() async throws {
    let (database, outbox) = try await ground()
    try await enqueue(outbox, database, count: 1)
    let row = try #require(try await claim(database, 1, at: Ground.start).first)
    try await database.transaction { try OutboxStore($0).bury(row, because: "550") }
    func prune(after duration: Duration) async throws -> Int {
      try await database.transaction { try OutboxStore($0).pruneDead(at: Ground.start + duration, limit: 10) }
    }
    #expect(try await prune(after: .minutes(9)) == 0)
    #expect(try await prune(after: .minutes(11)) == 1)
    let letters = DeadLetters(database: database, now: .fixed(at: Ground.start + .minutes(11)))
    let dead = try await letters.list(limit: 10).dead
    #expect(dead.count == 1 && dead[0].payload.isEmpty)
    #expect(try await letters.retry(nil) == 0)
    #expect(try await prune(after: .days(8)) == 1)
    #expect(try await letters.list(limit: 10).dead.isEmpty)
  }

  @Test("a day's budget is spent once each, and is new on the next day")
  func budget() async throws {
    let database = try await Ground.database()
    func spend(_ duration: Duration) async throws -> Bool {
      try await database.transaction { try DailyBudget($0).spend("sms", of: 3, at: Ground.start + duration) }
    }
    #expect(try await [spend(.zero), spend(.zero), spend(.zero), spend(.zero)] == [true, true, true, false])
    #expect(try await spend(.days(1)))
  }
}
