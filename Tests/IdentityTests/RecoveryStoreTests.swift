import Cryptography
import Persistence
import Primitives
import Testing

@testable import Identity

@Suite("Mailboxes")
struct MailboxTests {
  @Test(
    "two spellings of one mailbox are one",
    arguments: [
      ("ann@example.com", "Ann@EXAMPLE.com"), ("ann@example.com", "ann+codes@example.com"), ("a.nn@gmail.com", "ann@gmail.com"),
      ("ann@gmail.com", "ann+x@googlemail.com"), ("ann@me.com", "ann@icloud.com"), ("ann@mac.com", "ann@me.com"),
      ("ann@pm.me", "ann@protonmail.com"), ("ann@ya.ru", "ann@yandex.com"),
    ])
  func same(one: String, other: String) {
    #expect(Mailbox.areSame(one, other) && Mailbox.areSame(other, one))
  }

  @Test(
    "others are not",
    arguments: [
      ("ann@example.com", "bob@example.com"), ("ann@example.com", "ann@example.org"), ("ann@gmail.com", "ann@icloud.com"),
      ("ann@example.com", "ann@mail.example.com"),
    ])
  func others(one: String, other: String) { #expect(!Mailbox.areSame(one, other)) }
}

@Suite("Beyond what is kept")
struct CapacityTests {
  @Test("recoveries of nobody go before somebody's, however new; then the oldest")
  func recoveries() async throws {
    let database = try await Ground.database()
    let kept = try await database.transaction { db in
      let store = RecoveryStore(db)
      let account = Account(
        id: .init(at: Ground.start), username: Username(stored: "ann"), email: "ann@example.com", phone: nil, isEnabled: true,
        password: nil,
        createdAt: Ground.start, version: 1)
      #expect(try AccountStore(db).insert(account))
      var own: [StartedRecovery.ID] = []
      for minute in 0..<40 {
        let at = Ground.start + .seconds(minute)
        let isOwn = minute % 10 == 0
        let recovery = StartedRecovery(
          id: .init(at: at), account: isOwn ? account.id : nil, address: "", passwordChangedAt: at, attempts: 0)
        if isOwn { own.append(recovery.id) }
        try store.insert(recovery, [UInt8(minute)], digest: [], at: at)
      }
      #expect(try store.prune(before: Ground.start, limit: 100, capacity: 10) == 30)
      #expect(try db.rows("SELECT id FROM recovery WHERE account_id IS NOT NULL").count == 4)
      #expect(try store.prune(before: Ground.start, limit: 100, capacity: 3) == 7)
      #expect(try store.prune(before: Ground.start, limit: 100, capacity: 3) == 0)
      return try db.rows("SELECT id FROM recovery ORDER BY id").map { try $0.identifier("id") as StartedRecovery.ID }
        == Array(own.suffix(3))
    }
    #expect(kept)
  }

  @Test("beyond the capacity the oldest registrations go, known addresses and others alike, and none within its first hour")
  func registrations() async throws {
    let database = try await Ground.database()
    try await database.transaction { db in
      let store = RegistrationStore(db)
      for minute in Int64(0)..<20 {
        let at = Ground.start + .minutes(minute)
        let pending = PendingRegistration(
          id: .init(at: at), username: Username(stored: "u\(minute)@example.com"), email: "u\(minute)@example.com", digest: [])
        try store.insert(pending, isKnown: minute % 2 == 0, at: at)
      }
      #expect(try store.count() == 20)
      #expect(try store.prune(before: Ground.start + .minutes(60), limit: 100, capacity: 7) == 0)
      #expect(try store.prune(before: Ground.start + .minutes(65), limit: 100, capacity: 7) == 5)
      #expect(try store.prune(before: Ground.start + .hours(2), limit: 100, capacity: 7) == 8)
      let left = try db.rows("SELECT username FROM registration ORDER BY id").map { try $0.text("username") }
      #expect(left == (13..<20).map { "u\($0)@example.com" })
      #expect(try store.prune(before: Ground.start + Invitation.lifetime + .minutes(15), limit: 100) == 2)
    }
  }
}
