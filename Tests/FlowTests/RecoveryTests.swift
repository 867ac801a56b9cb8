import Identity
import JSON
import Persistence
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Recovery")
struct RecoveryTests {
  @Test("a mailed code and the second factor set a new password; all sessions, devices and locks end, and no session opens")
  func whole() async throws {
    try await World.run(World.mail) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let signedIn = try world.signedIn(person, client)
      let device = try #require(signedIn.json?["device_token"]?.string)
      for _ in 0..<100 { _ = try world.auth(person.body(password: "wrong password"), client) }
      let code = try await world.recoveryCode(person, client)
      #expect(code.hasPrefix("cfv_"))
      let new = "seven lamps on the wet pier"
      let wrong = try world.finishRecovery(code, client, mfa: person.wrongCode(world.clock))
      #expect(wrong.status == 401 && wrong.code == "invalid_challenge_response" && wrong.json?["attempts_left"]?.integer == 4, "\(wrong)")
      let done = try world.finishRecovery(code, client, password: new, mfa: person.code(world.clock))
      #expect(done.status == 204 && done["X-Auth-Outcome"] == "ok", "\(done)")
      #expect(try world.refresh(signedIn.refresh(), client).code == "revoked")
      #expect(try world.finishRecovery(code, client, mfa: person.recoveryCodes[0], method: "recovery_code").code == "invalid_challenge")
      let mfa = #","mfa":{"method":"totp","code":"\#(person.code(world.clock))"}"#
      // The code that recovered is used up, and the old password is dead.
      #expect(try world.auth(person.body(mfa, password: new), client).code == "invalid_credentials")
      world.clock.advance(by: .seconds(60))
      let next = #","mfa":{"method":"totp","code":"\#(person.code(world.clock))"}"#
      #expect(try world.auth(person.body(next), client).code == "invalid_credentials")
      #expect(try world.auth(person.body(next, password: new), client).status == 200)
      #expect(try await !world.isKnown(device, Person(person, password: new), client))
      #expect(try await world.audit("account.recovered").count == 1)
    }
  }

  @Test("the start answers the same bytes for whoever is named, and writes only to who can be recovered")
  func alike() async throws {
    try await World.run(World.mail) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let disabled = try await world.addMailPerson("disabled@example.com")
      _ = try await world.application.accounts.setEnabled(false, disabled.name, by: World.admin)
      _ = try await world.addPerson("nomail@example.com")
      _ = try await world.invited("invited@example.com", email: "invited@example.com")
      let names = [
        person.name, disabled.name, "nomail@example.com", "invited@example.com", "nobody@example.com", "no such name", person.name,
      ]
      let answers = try names.map { try world.startRecovery($0, client) }
      #expect(answers.allSatisfy { $0.status == 202 } && Set(answers.map(\.withoutRequestID)).count == 1, "\(answers)")
      let mails = try await world.mails().filter { $0.template == "recovery" }
      #expect(mails.map(\.recipient) == ["user@example.com"], "\(mails)")
      // The second call for the same name came too soon to be written again.
      #expect(mails[0].values["link"]?.string == "http://127.0.0.1:8080/recovery#code=\(mails[0].code)")
    }
  }

  @Test("header mutation changes no byte of the mail, which says nothing that a request said")
  func headers() async throws {
    try await World.run(World.mail) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      var seen: Set<String> = []
      for header in [
        ("X-Nothing", "x"), ("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example"), ("Origin", "https://evil.example"),
        ("Referer", "https://evil.example/"), ("X-Forwarded-Proto", "gopher"), ("X-Original-Host", "evil.example"),
      ] {
        world.clock.advance(by: .minutes(6))
        #expect(try world.startRecovery(person.name, client, header).status == 202)
        let mail = try #require(try await world.mails().last)
        let text = (mail.values.members ?? []).map { "\($0.name)=\($0.value.string ?? "")" }.joined(separator: "\n")
        let expires = mail.values["expires"]?.string ?? ""
        seen.insert(String(text.replacing(mail.code, with: "").replacing(expires, with: "")))
        #expect(!text.contains("evil"))
      }
      #expect(seen.count == 1, "\(seen)")
    }
  }

  @Test("five answers, half an hour, and dead once password or address have changed; a weak password costs no answer")
  func bounds() async throws {
    try await World.run(World.mail.merging(PasswordFlowTests.policy) { $1 }) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let code = try await world.recoveryCode(person, client)
      for _ in 0..<7 {
        let weak = try world.finishRecovery(code, client, password: "short", mfa: person.code(world.clock))
        #expect(weak.status == 422 && weak.pointer == "/password", "\(weak)")
      }
      // That a password was used before is told to nobody who has no more than the mail, and every try of it is an answer.
      for left in (1...4).reversed() {
        let wrong = try world.finishRecovery(code, client, password: Person.password, mfa: person.wrongCode(world.clock))
        #expect(wrong.status == 401 && wrong.json?["attempts_left"]?.integer == Int64(left), "\(wrong)")
      }
      let used = try world.finishRecovery(code, client, password: Person.password, mfa: person.code(world.clock))
      #expect(used.status == 422 && used.code == "weak_password" && used.pointer == "/password", "\(used)")
      // Who has shown both has lost nothing by it: neither the code nor the last answer.
      #expect(try world.finishRecovery(code, client, mfa: person.code(world.clock)).status == 204)
      #expect(try world.finishRecovery(code, client, mfa: person.code(world.clock)).code == "invalid_challenge")
      let late = try await world.recoveryCode(person, client)
      world.clock.advance(by: .minutes(30))
      #expect(try world.finishRecovery(late, client, mfa: person.code(world.clock)).code == "invalid_challenge")
      let moved = try await world.recoveryCode(person, client)
      let id = try #require(Account.ID(person.id))
      _ = try await world.application.accounts.change(id, .init(email: .set("other@example.com")), if: .any, by: World.admin)
      #expect(try world.finishRecovery(moved, client, mfa: person.code(world.clock)).code == "invalid_challenge")
      let stale = try await world.recoveryCode(person, client)
      _ = try await world.application.accounts.setPassword(Secret(copying: "an entirely new password 9".utf8), person.name, by: World.admin)
      #expect(try world.finishRecovery(stale, client, mfa: person.code(world.clock)).code == "invalid_challenge")
      for wrong in ["", "cfv_nonsense", person.recoveryCodes[0]] {
        #expect(try world.finishRecovery(wrong, client, mfa: person.code(world.clock)).code == "invalid_challenge")
      }
    }
  }

  @Test("wrong answers count against the factor as at a sign-in, over all codes, and end the factor and not the account")
  func counted() async throws {
    try await World.run(World.mail) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      for _ in 0..<10 {
        let code = try await world.recoveryCode(person, client)
        for _ in 0..<5 { _ = try world.finishRecovery(code, client, mfa: person.wrongCode(world.clock)) }
        for _ in 0..<5 { _ = try world.auth(person.oneCall(person.wrongCode(world.clock)), client) }
      }
      let code = try await world.recoveryCode(person, client)
      let locked = try world.finishRecovery(code, client, mfa: person.code(world.clock))
      #expect(locked.status == 429 && locked.code == "too_many_attempts", "\(locked)")
      #expect(try world.auth(person.oneCall(person.code(world.clock)), client).code == "too_many_attempts")
      #expect(try world.finishRecovery(code, client, mfa: person.recoveryCodes[0], method: "recovery_code").status == 204)
      // The bound is until recovery.
      world.clock.advance(by: .seconds(60))
      let again = person.oneCall(person.code(world.clock)).replacing(Person.password, with: "seven lamps on the wet pier")
      #expect(try world.auth(again, client).status == 200)
    }
  }

  @Test("the mailbox that the code came to is no second factor, another one is, and its code is good for this recovery alone")
  func mailboxes() async throws {
    try await World.run(World.mail) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      func enrol(_ address: String) async throws {
        let begun = try world.beginCode("email", address, world.proof(person, token), token)
        let id = try #require(begun.json?["id"]?.string, "\(begun)")
        let code = try #require(try await world.lastMail("code_enrollment", to: address)).code
        try #require(try world.asUser("POST", "/auth/factors/email/\(id)/confirm", token, #"{"code":"\#(code)"}"#).status == 200)
      }
      func send(_ code: String) throws -> Answer {
        try world.call(
          "POST", "/auth/recovery/send", [World.json, client.key], Array(#"{"code":"\#(code)","method":"email"}"#.utf8))
      }
      try await enrol("User+codes@example.com")
      let first = try await world.recoveryCode(person, client)
      #expect(try send(first).code == "factor_unavailable")
      #expect(try world.finishRecovery(first, client, mfa: "123456", method: "email").code == "factor_unavailable")
      try await enrol("elsewhere@example.org")
      // A mail of its own millisecond is the newest.
      world.clock.advance(by: .seconds(1))
      let sent = try send(first)
      #expect(sent.status == 202 && sent.json?["sent_to"]?.string == "e***@example.org", "\(sent)")
      let code = try #require(try await world.lastMail("code", to: "elsewhere@example.org")).code
      let second = try await world.recoveryCode(person, client)
      #expect(try world.finishRecovery(second, client, mfa: code, method: "email").code == "invalid_challenge_response")
      let challenge = try world.challenge(person, client)
      #expect(try world.answer(challenge, code, method: "email", client).code == "invalid_challenge_response")
      #expect(try world.finishRecovery(first, client, mfa: code, method: "email").status == 204)
      #expect(try send("cfv_nonsense").code == "invalid_challenge")
    }
  }

  @Test("64 ends of one recovery at once set one password")
  func race() async throws {
    try await World.run(World.mail.merging(["limits.loops": "2"]) { $1 }) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let connections = try (0..<64).map { _ in try Connection(port: world.port) }
      for round in 0..<Rounds.count() {
        let code = try await world.recoveryCode(person, client)
        for (index, connection) in connections.enumerated() {
          let mfa = #"{"method":"totp","code":"\#(person.code(world.clock))"}"#
          let body = #"{"code":"\#(code)","password":"a password of caller \#(index)","mfa":\#(mfa)}"#
          connection.send(Call.bytes("POST", "/auth/recovery/finish", [World.json, client.key], Array(body.utf8)))
        }
        let answers = try connections.map { try $0.answer() }
        #expect(answers.count { $0.status == 204 } == 1, "\(answers.map(\.status))")
        #expect(try await world.audit("account.recovered").count == round + 1)
      }
    }
  }
}

extension Person {
  /// The same with another password.
  init(_ person: Person, password: String) {
    self.init(name: person.name, password: password, id: person.id, totp: person.totp, recoveryCodes: person.recoveryCodes)
  }
}
