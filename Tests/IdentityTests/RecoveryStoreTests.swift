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

  @Test("of as many registrations as may wait none goes for another, and what is over makes room")
  func registrations() async throws {
    let database = try await Ground.database()
    try await database.transaction { db in
      let store = RegistrationStore(db)
      for second in 0..<20 {
        let at = Ground.start + .seconds(second)
        let pending = PendingRegistration(
          id: .init(at: at), username: Username(stored: "u\(second)@example.com"), email: "u\(second)@example.com", digest: [])
        try store.insert(pending, isKnown: second >= 5, at: at)
      }
      #expect(try store.isFull(capacity: 20) && !store.isFull(capacity: 21))
      #expect(try store.prune(before: Ground.start, limit: 100) == 0)
      #expect(try store.prune(before: Ground.start + Invitation.lifetime + .seconds(10), limit: 100) == 10)
      #expect(try !store.isFull(capacity: 20))
    }
  }
}
