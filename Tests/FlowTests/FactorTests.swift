import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Second factors")
struct FactorTests {
  @Test("a recovery code is good once, in either form, typed with or without hyphens and in capitals")
  func recoveryCode() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let codes = person.recoveryCodes
      #expect(codes.count == 10 && Set(codes).count == 10)
      let first = try world.auth(person.oneCall(codes[0], method: "recovery_code"), client)
      #expect(first.status == 200, "\(first)")
      #expect(first.json?["amr"]?.strings == ["pwd", "otp", "mfa"] && first.json?["acr"]?.string == "aal2")
      #expect(try world.auth(person.oneCall(codes[0], method: "recovery_code"), client).code == "invalid_credentials")
      let challenge = try world.challenge(person, client)
      #expect(try world.answer(challenge, codes[0], method: "recovery_code", client).code == "invalid_challenge_response")
      let typed = codes[1].uppercased().split(separator: "-").joined(separator: " ")
      #expect(try world.answer(challenge, typed, method: "recovery_code", client).status == 200)
      #expect(try world.auth(person.oneCall(codes[1], method: "recovery_code"), client).code == "invalid_credentials")
      // A code of one method is none of another.
      #expect(try world.auth(person.oneCall(codes[2]), client).code == "invalid_credentials")
      #expect(try world.auth(person.oneCall(codes[2], method: "recovery_code"), client).status == 200)
    }
  }

  @Test("another user's code is worth nothing")
  func othersCode() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let other = try await world.addPerson("other@example.com")
      let client = try await world.addClient()
      #expect(try world.auth(person.oneCall(other.code(world.clock)), client).code == "invalid_credentials")
      #expect(try world.auth(person.oneCall(other.recoveryCodes[0], method: "recovery_code"), client).code == "invalid_credentials")
      #expect(try world.auth(other.oneCall(other.recoveryCodes[0], method: "recovery_code"), client).status == 200)
    }
  }

  @Test("a TOTP step is good once ever, one step to either side, and never after a later one")
  func totpSteps() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      func status(_ steps: Int64) throws -> Int { try world.auth(person.oneCall(person.code(world.clock, steps: steps)), client).status }
      #expect(try status(-2) == 401)
      #expect(try status(2) == 401)
      #expect(try status(-1) == 200)
      #expect(try status(-1) == 401)
      #expect(try status(0) == 200)
      #expect(try status(-1) == 401)
      #expect(try status(1) == 200)
      #expect(try status(0) == 401)
      #expect(try status(1) == 401)
      world.clock.advance(by: .seconds(30))
      #expect(try status(0) == 401)
      #expect(try status(1) == 200)
    }
  }

  @Test("a clock that steps back an hour opens nothing that was used, nor anything before it")
  func clockStepsBack() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let used = person.code(world.clock)
      #expect(try world.auth(person.oneCall(used), client).status == 200)
      world.clock.advance(by: .hours(-1))
      for steps in -1...1 as ClosedRange<Int64> {
        #expect(try world.auth(person.oneCall(person.code(world.clock, steps: steps)), client).code == "invalid_credentials")
      }
      #expect(try world.auth(person.oneCall(used), client).code == "invalid_credentials")
      // The recovery code still goes, and so does the first step that nobody has used.
      #expect(try world.auth(person.oneCall(person.recoveryCodes[0], method: "recovery_code"), client).status == 200)
      world.clock.advance(by: .hours(1) + .seconds(30))
      #expect(try world.auth(person.oneCall(person.code(world.clock)), client).status == 200)
    }
  }

  @Test("a challenge is good for one session, for five minutes, and for five answers")
  func challengeBounds() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let once = try world.challenge(person, client)
      #expect(try world.answer(once, person.code(world.clock), client).status == 200)
      world.clock.advance(by: .seconds(60))
      #expect(try world.answer(once, person.code(world.clock), client).code == "invalid_challenge")

      let late = try world.challenge(person, client)
      let later = try world.challenge(person, client)
      world.clock.advance(by: .seconds(299))
      #expect(try world.answer(late, person.code(world.clock), client).status == 200)
      world.clock.advance(by: .seconds(1))
      let over = try world.answer(later, person.code(world.clock, steps: 1), client)
      #expect(over.status == 400 && over.code == "invalid_challenge")

      world.clock.advance(by: .seconds(90))
      let five = try world.challenge(person, client)
      for left in (0...4).reversed() {
        let wrong = try world.answer(five, person.wrongCode(world.clock), client)
        #expect(wrong.status == 401 && wrong.code == "invalid_challenge_response", "\(wrong)")
        #expect(wrong.json?["attempts_left"]?.integer == Int64(left))
        #expect(wrong["X-Auth-Outcome"] == "invalid_challenge_response" && wrong["WWW-Authenticate"] != nil)
      }
      #expect(try world.answer(five, person.code(world.clock), client).code == "invalid_challenge")
    }
  }

  @Test("a challenge belongs to the application that began, and ends when the password changes")
  func challengeBinding() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let other = try await world.addClient("other")
      let challenge = try world.challenge(person, client)
      #expect(try world.answer(challenge, person.code(world.clock), other).code == "invalid_challenge")
      // The other application's try took none of the answers.
      let wrong = try world.answer(challenge, person.wrongCode(world.clock), client)
      #expect(wrong.json?["attempts_left"]?.integer == 4)
      world.clock.advance(by: .seconds(1))
      let outcome = try await world.application.accounts.setPassword(
        Secret(copying: "another password".utf8), person.name, by: World.admin)
      #expect(outcome == .done)
      #expect(try world.answer(challenge, person.code(world.clock), client).code == "invalid_challenge")
    }
  }

  @Test("an account keeps its twenty newest challenges")
  func challengeCount() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let first = try world.challenge(person, client)
      for _ in 0..<20 {
        world.clock.advance(by: .milliseconds(10))
        _ = try world.challenge(person, client)
      }
      #expect(try world.answer(first, person.code(world.clock), client).code == "invalid_challenge")
      #expect(try world.answer(world.challenge(person, client), person.code(world.clock), client).status == 200)
    }
  }

  @Test("roles: a subset is activated, over one call or two; a role that is not the user's is refused and consumes nothing")
  func roles() async throws {
    try await World.run { world in
      try await world.addRole("billing", "invoices:read")
      try await world.addRole("audit", "entries:read")
      try await world.addRole("other", "other:read")
      let person = try await world.addPerson(roles: ["billing", "audit"])
      let client = try await world.addClient()
      let code = person.code(world.clock)
      let refused = try world.auth(person.oneCall(code, #","roles":["billing","other"]"#), client)
      #expect(refused.status == 400 && refused.code == "invalid_request" && refused.pointer == "/roles/1", "\(refused)")
      // Whoever has not both factors learns nothing of who holds what.
      #expect(try world.auth(person.oneCall(person.wrongCode(world.clock), #","roles":["other"]"#), client).code == "invalid_credentials")
      #expect(try world.auth(person.body(#","roles":["other"]"#, password: "wrong"), client).code == "invalid_credentials")
      let answer = try world.auth(person.oneCall(code, #","roles":["billing"]"#), client)
      #expect(answer.status == 200, "\(answer)")
      #expect(answer.json?["roles"]?.strings == ["billing"] && answer.json?["permissions"]?.strings == ["invoices:read"])
      #expect(try Token(answer).claims["roles"]?.strings == ["billing"])
      #expect(try world.me(answer.token()).json?["roles"]?.strings == ["billing"])
      world.clock.advance(by: .seconds(60))
      let challenge = try world.challenge(person, client, #","roles":["audit"]"#)
      let second = try world.answer(challenge, person.code(world.clock), client)
      #expect(second.json?["roles"]?.strings == ["audit"], "\(second)")
      world.clock.advance(by: .seconds(60))
      let unheld = try world.challenge(person, client, #","roles":["other"]"#)
      #expect(try world.answer(unheld, person.code(world.clock), client).code == "invalid_request")
      let all = try world.auth(person.oneCall(person.code(world.clock)), client)
      #expect(all.json?["roles"]?.strings == ["audit", "billing"], "\(all)")
    }
  }
}
