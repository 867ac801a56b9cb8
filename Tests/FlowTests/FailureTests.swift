import Identity
import JSON
import Persistence
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Failures in a row")
struct FailureTests {
  @Test("a hundred wrong codes over both forms lock the factor; the right one is refused with 429; a recovery code goes on")
  func factorLocks() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let wrong = person.wrongCode(world.clock)
      for _ in 0..<50 { #expect(try world.auth(person.oneCall(wrong), client).code == "invalid_credentials") }
      for _ in 0..<10 {
        let challenge = try world.challenge(person, client)
        for _ in 0..<5 { #expect(try world.answer(challenge, wrong, client).code == "invalid_challenge_response") }
      }
      let locked = try world.auth(person.oneCall(person.code(world.clock)), client)
      #expect(locked.status == 429 && locked.code == "too_many_attempts", "\(locked)")
      #expect(Int(locked["Retry-After"] ?? "") ?? 0 > 0)
      #expect(locked["X-Auth-Outcome"] == "too_many_attempts")
      let challenge = try world.challenge(person, client)
      #expect(try world.answer(challenge, person.code(world.clock), client).code == "too_many_attempts")
      // A wrong password still comes first: who has none learns nothing of the lock.
      #expect(
        try world.auth(person.body(#","mfa":{"method":"totp","code":"\#(wrong)"}"#, password: "wrong"), client).code
          == "invalid_credentials")
      #expect(try world.answer(challenge, person.recoveryCodes[0], method: "recovery_code", client).status == 200)
      // Time alone unlocks nothing; the operator does.
      world.clock.advance(by: .days(2))
      #expect(try world.auth(person.oneCall(person.code(world.clock)), client).code == "too_many_attempts")
      #expect(try await world.application.accounts.unlock(person.name, by: World.admin))
      #expect(try world.auth(person.oneCall(person.code(world.clock)), client).status == 200)
    }
  }

  @Test("a right code sets the count back; wrong codes after a wrong password do not count")
  func factorCount() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let wrong = person.wrongCode(world.clock)
      func failures() async throws -> Int {
        let account = try #require(try await world.application.accounts.account(named: person.name))
        return try await world.application.accounts.factors(of: account.id).first { $0.method == .totp }?.failures ?? -1
      }
      for _ in 0..<7 { _ = try world.auth(person.oneCall(wrong), client) }
      #expect(try await failures() == 7)
      for _ in 0..<7 { _ = try world.auth(person.body(#","mfa":{"method":"totp","code":"\#(wrong)"}"#, password: "not it at all"), client) }
      #expect(try await failures() == 7)
      _ = try world.signedIn(person, client)
      #expect(try await failures() == 0)
    }
  }

  @Test("a hundred wrong passwords lock all unknown sources at once; a known device goes on with both factors")
  func passwordLocks() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let other = try await world.addClient("other")
      let device = try #require(try world.signedIn(person, client).json?["device_token"]?.string)
      for index in 0..<100 {
        let answer = try world.auth(person.body(password: "wrong password \(index)"), index % 2 == 0 ? client : other)
        #expect(answer.code == "invalid_credentials")
      }
      world.clock.advance(by: .seconds(60))
      let locked = try world.auth(person.oneCall(person.code(world.clock)), client)
      #expect(locked.status == 429 && locked.code == "too_many_attempts" && locked["Retry-After"] != nil, "\(locked)")
      #expect(try world.auth(person.body(), client).code == "too_many_attempts")
      let known = #","device_token":"\#(device)""#
      #expect(try world.auth(person.body(known), client).code == "mfa_required")
      let answer = try world.auth(person.oneCall(person.code(world.clock), known), client)
      #expect(answer.status == 200, "\(answer)")
      // The token was rotated: the old one is no evidence any more. The lock for the others stands.
      #expect(try world.auth(person.body(known), client).code == "too_many_attempts")
      #expect(try world.auth(person.body(), client).code == "too_many_attempts")
      let rotated = try #require(answer.json?["device_token"]?.string)
      let wrong = #","device_token":"\#(rotated)""#
      for _ in 0..<100 { #expect(try world.auth(person.body(wrong, password: "wrong password"), client).code == "invalid_credentials") }
      #expect(try world.auth(person.body(wrong), client).code == "too_many_attempts")
      #expect(try await world.application.accounts.unlock(person.name, by: World.admin))
      #expect(try world.auth(person.body(), client).code == "mfa_required")
    }
  }

  @Test("a name without an account locks alike, after as many tries and with the same answer")
  func unknownLocksAlike() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let id = ("X-Request-ID", "same")
      for name in [person.name, "nobody@example.com", "no such name at all!"] {
        let body = #"{"username":"\#(name)","password":"wrong password"}"#
        for _ in 0..<100 { #expect(try world.auth(body, client).code == "invalid_credentials") }
      }
      let known = try world.auth(person.body(password: "wrong password"), client, id)
      let unknown = try world.auth(#"{"username":"nobody@example.com","password":"wrong password"}"#, client, id)
      let impossible = try world.auth(#"{"username":"no such name at all!","password":"wrong password"}"#, client, id)
      #expect(known.status == 429)
      for other in [unknown, impossible] {
        #expect(other.body == known.body && other.status == known.status)
        #expect(other.headers.map(\.value) == known.headers.map(\.value))
      }
    }
  }

  @Test("a device token of another user, or a made-up one, is no evidence")
  func foreignDevice() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let other = try await world.addPerson("other@example.com")
      let client = try await world.addClient()
      let device = try #require(try world.signedIn(other, client).json?["device_token"]?.string)
      for _ in 0..<100 { _ = try world.auth(person.body(password: "wrong password"), client) }
      for token in [device, "cfd_nonsense", ""] {
        #expect(try world.auth(person.body(#","device_token":"\#(token)""#), client).code == "too_many_attempts")
      }
      // Ninety-nine wrong and one right: counted from the start again.
      for _ in 0..<99 { _ = try world.auth(other.body(password: "wrong password"), client) }
      _ = try world.signedIn(other, client)
      for _ in 0..<99 { _ = try world.auth(other.body(password: "wrong password"), client) }
      #expect(try world.auth(other.body(), client).code == "mfa_required")
    }
  }

  @Test("unknown user, wrong password, disabled user, wrong code and an account without a password answer the same bytes")
  func equalBytes() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let disabled = try await world.addPerson("disabled@example.com")
      let hashless = try await world.addPerson("hashless@example.com")
      let client = try await world.addClient()
      #expect(try await world.application.accounts.setEnabled(false, disabled.name, by: World.admin))
      try await world.application.database.transaction { db in
        try db.run("UPDATE account SET password_hash = NULL WHERE username = \(hashless.name)")
      }
      let id = ("X-Request-ID", "same")
      let mfa = #","mfa":{"method":"totp","code":"\#(person.wrongCode(world.clock))"}"#
      let answers = [
        try world.auth(#"{"username":"nobody@example.com","password":"some password"\#(mfa)}"#, client, id),
        try world.auth(#"{"username":"nobody@example.com","password":"some password"}"#, client, id),
        try world.auth(person.body(password: "wrong password"), client, id),
        try world.auth(person.body(mfa, password: "wrong password"), client, id),
        try world.auth(disabled.body(), client, id),
        try world.auth(disabled.oneCall(disabled.code(world.clock)), client, id),
        try world.auth(person.oneCall(person.wrongCode(world.clock)), client, id),
        try world.auth(person.oneCall("not a code"), client, id),
        try world.auth(person.oneCall(person.wrongCode(world.clock), method: "recovery_code"), client, id),
        try world.auth(hashless.body(), client, id), try world.auth(hashless.oneCall(hashless.code(world.clock)), client, id),
      ]
      for (index, answer) in answers.enumerated() {
        #expect(answer.status == 401 && answer.code == "invalid_credentials", "\(index): \(answer)")
        #expect(answer.body == answers[0].body, "\(index)")
        #expect(answer.headers.map(\.name) == answers[0].headers.map(\.name), "\(index)")
        #expect(answer.headers.map(\.value) == answers[0].headers.map(\.value), "\(index)")
      }
    }
  }
}
