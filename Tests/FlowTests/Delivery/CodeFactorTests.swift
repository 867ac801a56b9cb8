import Cryptography
import Identity
import JSON
import Persistence
import Primitives
import TestPost
import Testing

@testable import CredentialFlow

@Suite("Codes by mail and SMS", .enabled(if: PostOffice.isInstalled, "aiosmtpd is absent: Scripts/install-dependencies test"))
struct CodeFactorTests {
  @Test("a mailbox becomes a factor and signs in at aal1; the code is good once, for its challenge")
  func mail() async throws {
    try await World.run(Post.settings()) { world in
      let (person, client, address) = (try await world.addPerson(), try await world.addClient(), Post.address())
      _ = try await world.enrol("email", address, person, client)
      let asked = try world.auth(person.body(), client)
      #expect(asked.json?["methods"]?.strings == ["totp", "email", "recovery_code"])
      let challenge = try #require(asked.challenge)
      let sent = try world.send(challenge, "email", client)
      #expect(sent.status == 202 && sent["X-Auth-Outcome"] == "ok", "\(sent)")
      #expect(sent.json?["sent_to"]?.string == "a***@example.net" && sent.json?["expires_in"]?.integer == 600)
      let code = try await world.mailedCode(address, 2)
      let signedIn = try world.answer(challenge, code, method: "email", client)
      #expect(signedIn.status == 200, "\(signedIn)")
      #expect(signedIn.json?["amr"]?.strings == ["pwd", "otp", "email", "mfa"] && signedIn.json?["acr"]?.string == "aal1")
      let again = try world.challenge(person, client)
      #expect(try world.answer(again, code, method: "email", client).code == "invalid_challenge_response")
    }
  }

  @Test("a telephone becomes a factor and signs in at aal2; the SMS goes to the operator's service")
  func text() async throws {
    try await World.run(Post.settings(["sms.headers": #"["X-Key: {{token}}"]"#, "sms.token": "s3cret"])) { world in
      let (person, client, number) = (try await world.addPerson(), try await world.addClient(), Post.number())
      _ = try await world.enrol("sms", number, person, client)
      let challenge = try world.challenge(person, client)
      let sent = try world.send(challenge, "sms", client)
      #expect(sent.json?["sent_to"]?.string == "+49***\(number.suffix(2))", "\(sent)")
      let signedIn = try world.answer(challenge, try await world.textedCode(number, 2), method: "sms", client)
      #expect(signedIn.json?["amr"]?.strings == ["pwd", "otp", "sms", "mfa"] && signedIn.json?["acr"]?.string == "aal2", "\(signedIn)")
      let request = try #require(try Post.office.messages(to: number).first)
      #expect(request.hasPrefix("POST /send\n") && request.contains("\nx-key: s3cret\n"))
      #expect(request.contains("is your code for CredentialFlow, good for 10 minutes"))
    }
  }

  @Test("a service of Twilio's shape gets From, To and Body as a form, with the account's login")
  func twilio() async throws {
    let settings = ["sms.provider": "twilio", "sms.account": "AC123", "sms.token": "t0ken", "sms.from": "+4915112345678"]
    try await World.run(Post.settings(settings)) { world in
      let (person, client, number) = (try await world.addPerson(), try await world.addClient(), Post.number())
      _ = try await world.enrol("sms", number, person, client)
      let request = try #require(try Post.office.messages(to: number).first)
      #expect(request.contains("\nauthorization: Basic QUMxMjM6dDBrZW4=\n"))
      #expect(request.contains("\n\nFrom=%2B4915112345678&To=\(number.replacing("+", with: "%2B"))&Body="))
    }
  }

  @Test("a new code kills the one before, and a code is of no use to another challenge, a step-up or the one-call form")
  func bound() async throws {
    try await World.run(Post.settings()) { world in
      let (person, client, address) = (try await world.addPerson(), try await world.addClient(), Post.address())
      _ = try await world.enrol("email", address, person, client)
      let (one, two) = (try world.challenge(person, client), try world.challenge(person, client))
      _ = try world.send(one, "email", client)
      let first = try await world.mailedCode(address, 2)
      #expect(try world.answer(two, first, method: "email", client).code == "invalid_challenge_response")
      #expect(try world.auth(person.oneCall(first, method: "email"), client).code == "invalid_credentials")
      let token = try world.signedIn(person, client).token()
      #expect(try world.finish(world.stepUp(token), first, method: "email", token).code == "invalid_challenge_response")
      _ = try world.send(one, "email", client)
      let second = try await world.mailedCode(address, 3)
      if first != second { #expect(try world.answer(one, first, method: "email", client).code == "invalid_challenge_response") }
      // Asked for elsewhere, it is dead here.
      _ = try world.send(two, "email", client)
      let third = try await world.mailedCode(address, 4)
      if second != third { #expect(try world.answer(one, second, method: "email", client).code == "invalid_challenge_response") }
      #expect(try world.answer(two, third, method: "email", client).status == 200)
    }
  }

  @Test("a step-up by a code that was sent for it")
  func stepUp() async throws {
    try await World.run(Post.settings()) { world in
      let (person, client, address) = (try await world.addPerson(), try await world.addClient(), Post.address())
      _ = try await world.enrol("email", address, person, client)
      let token = try world.signedIn(person, client).token()
      let challenge = try world.stepUp(token)
      let body = #"{"challenge":"\#(challenge)","method":"email"}"#
      let sent = try world.asUser("POST", "/auth/step-up/send", token, body)
      #expect(sent.status == 202 && sent.json?["sent_to"]?.string == "a***@example.net", "\(sent)")
      let finished = try world.finish(challenge, try await world.mailedCode(address, 2), method: "email", token)
      #expect(finished.status == 200, "\(finished)")
      #expect(try Token(finished).claims["acr"]?.string == "aal2")
      let other = try world.signedIn(person, client).token()
      #expect(try world.asUser("POST", "/auth/step-up/send", other, body).code == "invalid_challenge")
      #expect(try world.send(challenge, "email", client).code == "invalid_challenge")
    }
  }

  @Test("a code is good for five answers and ten minutes, not longer where the clock is set back")
  func bounds() async throws {
    try await World.run(Post.settings(["tokens.accessLifetime": "7200"])) { world in
      let (person, client, address) = (try await world.addPerson(), try await world.addClient(), Post.address())
      let token = try world.signedIn(person, client).token()
      func begin() async throws -> (String, String) {
        let begun = try world.beginCode("email", address, world.proof(person, token), token)
        let id = try #require(begun.json?["id"]?.string, "\(begun)")
        return (id, try await world.mailedCode(address, (try Post.office.mails(to: address, atLeast: 0)).count + 1))
      }
      func confirm(_ id: String, _ code: String) throws -> Answer {
        try world.asUser("POST", "/auth/factors/email/\(id)/confirm", token, #"{"code":"\#(code)"}"#)
      }
      let (guessed, code) = try await begin()
      for left in [4, 3, 2, 1, 0] {
        let answer = try confirm(guessed, code == "000000" ? "111111" : "000000")
        #expect(answer.json?["attempts_left"]?.integer == Int64(left), "\(answer)")
      }
      #expect(try confirm(guessed, code).status == 404)
      let (late, lateCode) = try await begin()
      world.clock.advance(by: .seconds(601))
      #expect(try confirm(late, lateCode).code == "invalid_challenge_response")
      let (early, earlyCode) = try await begin()
      world.clock.advance(by: .seconds(-601))
      #expect(try confirm(early, earlyCode).code == "invalid_challenge_response")
      world.clock.advance(by: .seconds(601))
      #expect(try confirm(early, earlyCode).status == 200)
    }
  }

  @Test("64 that bring one code at once open one session between them", .timeLimit(.minutes(10)))
  func race() async throws {
    try await World.run(Post.settings(["limits.loops": "2"])) { world in
      let (person, client, address) = (try await world.addPerson(), try await world.addClient(), Post.address())
      _ = try await world.enrol("email", address, person, client)
      let connections = try (0..<64).map { _ in try Connection(port: world.port) }
      for round in 0..<Rounds.count(10) {
        let challenge = try world.challenge(person, client)
        _ = try world.send(challenge, "email", client)
        let code = try await world.mailedCode(address, round + 2)
        let body = Array(#"{"challenge":"\#(challenge)","method":"email","code":"\#(code)"}"#.utf8)
        for connection in connections { connection.send(Call.bytes("POST", "/auth/mfa", [World.json, client.key], body)) }
        let answers = try connections.map { try $0.answer() }
        #expect(answers.count { $0.status == 200 } == 1)
        let losers = Set(answers.filter { $0.status != 200 }.compactMap(\.code))
        #expect(losers.isSubset(of: ["invalid_challenge", "invalid_challenge_response"]), "\(losers)")
      }
    }
  }

  @Test("guessing codes ends the factor at a hundred wrong answers, over all challenges, and not the account")
  func guessing() async throws {
    try await World.run(Post.settings()) { world in
      let (person, client, address) = (try await world.addPerson(), try await world.addClient(), Post.address())
      _ = try await world.enrol("email", address, person, client)
      for _ in 0..<20 {
        let challenge = try world.challenge(person, client)
        for _ in 0..<5 { _ = try world.answer(challenge, "abcdef", method: "email", client) }
      }
      let challenge = try world.challenge(person, client)
      // The same bytes, but nothing goes out to a factor that is refused.
      let sent = try world.send(challenge, "email", client)
      #expect(sent.status == 202, "\(sent)")
      let refused = try world.answer(challenge, "123456", method: "email", client)
      #expect(refused.code == "too_many_attempts", "\(refused)")
      #expect(try await world.audit("factor.code_withheld").count == 1)
      #expect(try world.signedIn(person, client).status == 200)
    }
  }

  @Test("what is not a factor, a challenge or a method is refused")
  func refusals() async throws {
    try await World.run(Post.settings()) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let challenge = try world.challenge(person, client)
      #expect(try world.send(challenge, "email", client).code == "factor_unavailable")
      #expect(try world.send(challenge, "totp", client).pointer == "/method")
      #expect(try world.send("cfc_nonsense", "email", client).code == "invalid_challenge")
      #expect(try world.send(challenge, "email", try await world.addClient("other")).code == "invalid_challenge")
      let token = try world.signedIn(person, client).token()
      #expect(try world.beginCode("email", Post.address(), nil, token).code == "reauthentication_required")
      for bad in ["ann", "ann@example.com\\r\\nBcc: eve@example.com", "\\\"a b\\\"@example.com", "ann@example"] {
        #expect(try world.beginCode("email", bad, nil, token).pointer == "/address")
      }
      for bad in ["0170123456", "+49", "+491701234567\\r\\n", "+1 876 555 0100"] {
        #expect(try world.beginCode("sms", bad, nil, token).pointer == "/number", "\(bad)")
      }
      let address = Post.address()
      _ = try await world.enrol("email", address, person, client)
      #expect(try world.beginCode("email", address, world.proof(person, token), token).code == "conflict")
    }
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      #expect(try world.beginCode("email", Post.address(), world.proof(person, token), token).code == "factor_unavailable")
    }
  }

  @Test("the answer is the same bytes whether a code went out, was paced, over the day's budget, or found the outbox full")
  func equalAnswers() async throws {
    let pace = ["pace.enabled": "true", "messages.account.perMinute": "1", "messages.account.burst": "3"]
    try await World.run(Post.settings(pace.merging(["sms.dailyBudget": "3"]) { $1 })) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let (address, number) = (Post.address(), Post.number())
      _ = try await world.enrol("email", address, person, client)
      _ = try await world.enrol("sms", number, person, client)
      func answers(_ method: String, _ count: Int, apart: Duration) async throws -> Set<String> {
        var found: Set<String> = []
        for _ in 0..<count {
          world.clock.advance(by: apart)
          let challenge = try world.challenge(person, client)
          var answer = try world.send(challenge, method, client, ("X-Request-ID", "same"))
          answer = Answer(
            status: answer.status, headers: answer.headers.filter { !["Date", "RateLimit"].contains($0.name) }, body: answer.body)
          found.insert("\(answer.headers) \(answer)")
        }
        return found
      }
      #expect(try await answers("email", 8, apart: .seconds(1)).count == 1)
      let paced = try await world.audit("factor.code_withheld").count
      #expect(paced >= 4)
      #expect(try await answers("sms", 8, apart: .seconds(120)).count == 1)
      #expect(try await world.audit("factor.code_withheld").count == paced + 6)
      #expect(world.hasLogged("the day's budget is spent"))
    }
  }

  @Test("`user show` and the user's own list show addresses masked")
  func shown() async throws {
    try await World.run(Post.settings()) { world in
      let (person, client, address) = (try await world.addPerson(), try await world.addClient(), Post.address())
      _ = try await world.enrol("email", address, person, client)
      let shown = await world.command("user", "show", person.name)
      #expect(shown.output.contains("factor    email a***@example.net"), "\(shown.output)")
      #expect(!shown.output.contains(address))
      let listed = try world.asUser("GET", "/auth/factors", world.signedIn(person, client).token())
      #expect(listed.text.contains(#""address":"a***@example.net""#) && !listed.text.contains(address))
    }
  }
}
