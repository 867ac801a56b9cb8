import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Passkeys")
struct PasskeyTests {
  @Test("a passkey beside the password: options come with the challenge, the signature signs in, a wrong one costs an answer")
  func secondFactor() async throws {
    try await World.runWithPasskeys { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let authenticator = try world.addPasskey(person, client)
      let challenged = try world.auth(person.body(), client)
      #expect(challenged.code == "mfa_required" && challenged.json?["methods"]?.strings == ["totp", "webauthn", "recovery_code"])
      let (challenge, options) = (try #require(challenged.challenge), try #require(challenged.json?["webauthn"]))
      #expect(options["rpId"]?.string == "auth.example.com")
      #expect(options["allowCredentials"]?.elements?.first?["transports"]?.strings == ["hybrid", "internal"])
      let wrong = try world.answerByPasskey(challenge, authenticator.assert(options, isTrue: false), client)
      #expect(wrong.status == 401 && wrong.code == "invalid_challenge_response" && wrong.json?["attempts_left"]?.integer == 4)
      let right = try world.answerByPasskey(challenge, authenticator.assert(options), client)
      #expect(right.status == 200 && right.json?["amr"]?.strings == ["pwd", "pop", "user", "mfa"] && right.json?["acr"]?.string == "aal2")
      #expect(try world.answerByPasskey(challenge, authenticator.assert(options), client).code == "invalid_challenge")
      var absent = authenticator
      absent.flags = 0b1
      let again = try world.auth(person.body(), client)
      let unverified = try world.answerByPasskey(
        try #require(again.challenge), absent.assert(try #require(again.json?["webauthn"])), client)
      #expect(unverified.json?["amr"]?.strings == ["pwd", "pop", "mfa"])
    }
  }

  @Test("five wrong signatures use a challenge up, and a hundred take nothing from the passkey's owner")
  func wrongSignatures() async throws {
    try await World.runWithPasskeys { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let authenticator = try world.addPasskey(person, client)
      for round in 0..<21 {
        let challenged = try world.auth(person.body(), client)
        let (challenge, options) = (try #require(challenged.challenge), try #require(challenged.json?["webauthn"]))
        for left in (0..<5).reversed() {
          let answer = try world.answerByPasskey(challenge, authenticator.assert(options, isTrue: false), client)
          #expect(answer.json?["attempts_left"]?.integer == Int64(left), "\(round)")
        }
        #expect(try world.answerByPasskey(challenge, authenticator.assert(options), client).code == "invalid_challenge")
      }
      #expect(try world.passkeySignIn(authenticator, client).status == 200)
    }
  }

  @Test("a passkey alone signs its user in where it verified the user, and only there")
  func passwordless() async throws {
    try await World.runWithPasskeys { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      var authenticator = try world.addPasskey(person, client)
      let answer = try world.passkeySignIn(authenticator, client)
      #expect(answer.status == 200, "\(answer)")
      #expect(answer.json?["amr"]?.strings == ["pop", "user", "mfa"] && answer.json?["acr"]?.string == "aal2")
      #expect(answer["X-Auth-Outcome"] == "ok")
      #expect(answer.json?["user"]?["username"]?.string == person.name)
      #expect(try world.me(answer.token()).json?["user"]?["id"]?.string == person.id)
      #expect(try world.refresh(try #require(answer.json?["refresh_token"]?.string), client).status == 200)
      authenticator.flags = 0b1
      #expect(try world.passkeySignIn(authenticator, client).code == "invalid_credentials")
    }
  }

  @Test("a passkey alone asks for roles and an audience as a password does; what it may not have is refused and uses nothing")
  func asksForASession() async throws {
    try await World.runWithPasskeys { world in
      for role in ["cashier", "auditor"] { try await world.addRole(role, "\(role):do") }
      let person = try await world.addPerson(roles: ["cashier", "auditor"])
      let client = try await world.addClient(audiences: ["https://api.example.com"])
      let authenticator = try world.addPasskey(person, client)
      let request = try world.passkeyRequest(client)
      func ask(_ more: String) throws -> Answer {
        let body = World.passkeyBody(request.challenge, try authenticator.assert(request.options))
        return try world.post("/auth/passkey", String(body.dropLast()) + more + "}", client.key)
      }
      #expect(try ask(#","roles":["chief"]"#).pointer == "/roles/0")
      #expect(try ask(#","audience":"https://other.example.com""#).pointer == "/audience")
      let answer = try ask(#","roles":["auditor"],"audience":"https://api.example.com""#)
      #expect(answer.status == 200 && answer.json?["roles"]?.strings == ["auditor"], "\(answer)")
      #expect(try Token(answer).claims["aud"]?.string == "https://api.example.com")
    }
  }

  @Test("who is refused without a password hears the same bytes, whatever was wrong")
  func refusals() async throws {
    try await World.runWithPasskeys { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let other = try await world.addPerson("other@example.com")
      let authenticator = try world.addPasskey(person, client)
      _ = try world.addPasskey(other, client)
      func body(_ change: (inout SoftAuthenticator) -> Void = { _ in }, handle: [UInt8]? = nil, isTrue: Bool = true) throws -> String {
        var changed = authenticator
        change(&changed)
        let request = try world.passkeyRequest(client)
        let body = World.passkeyBody(request.challenge, try changed.assert(request.options, handle: handle, isTrue: isTrue))
        let answer = try world.post("/auth/passkey", body, client.key, ("X-Request-ID", "one"))
        #expect(answer.status == 401 && answer["X-Auth-Outcome"] == "invalid_credentials", "\(answer)")
        return String(decoding: answer.body, as: UTF8.self)
      }
      let stranger = try SoftAuthenticator()
      var bodies = [
        try body(isTrue: false), try body({ $0.id = stranger.id }), try body({ $0.origin = "https://evil.example" }),
        try body({ $0.party = "evil.example" }), try body({ $0.flags = 0b100 }), try body({ $0.flags |= 0b1000 }),
        try body(handle: Identifier<Person>(other.id)?.bytes), try body(handle: []),
      ]
      _ = try await world.application.accounts.setEnabled(false, person.name, by: World.admin)
      bodies.append(try body())
      _ = try await world.application.accounts.setEnabled(true, person.name, by: World.admin)
      #expect(Set(bodies).count == 1)
      #expect(try world.passkeySignIn(authenticator, client).status == 200)
    }
  }

  @Test("a challenge of a sign-in by passkey is good once, for its application, for five minutes, and not after the clock went back")
  func challenges() async throws {
    try await World.runWithPasskeys { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let other = try await world.addClient("other")
      let authenticator = try world.addPasskey(person, client)
      func body() throws -> String {
        let request = try world.passkeyRequest(client)
        return World.passkeyBody(request.challenge, try authenticator.assert(request.options))
      }
      func code(_ body: String, _ client: Client) throws -> String? { try world.post("/auth/passkey", body, client.key).code }
      let used = try body()
      #expect(try code(used, client) == nil)
      #expect(try code(used, client) == "invalid_challenge")
      #expect(try code(body(), other) == "invalid_challenge")
      let late = try body()
      world.clock.advance(by: .seconds(300))
      #expect(try code(late, client) == "invalid_challenge")
      try await world.prune()
      world.clock.advance(by: .seconds(-300))
      #expect(try code(used, client) == "invalid_challenge")
      #expect(try code(late, client) == "invalid_challenge")
      #expect(try code(body(), client) == nil)
      let challenge = try world.challenge(person, client)
      #expect(try code(used.replacing(try world.passkeyRequest(client).challenge, with: challenge), client) == "invalid_challenge")
    }
  }

  @Test("of 64 who send one signature at once, one gets a session, with a password or without")
  func race() async throws {
    try await World.runWithPasskeys(["limits.loops": "2"]) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let authenticator = try world.addPasskey(person, client)
      let connections = try (0..<64).map { _ in try Connection(port: world.port) }
      for _ in 0..<Rounds.count(15) {
        let request = try world.passkeyRequest(client)
        let challenged = try world.auth(person.body(), client)
        let alone = World.passkeyBody(request.challenge, try authenticator.assert(request.options))
        let beside = #"""
          {"challenge":"\#(try #require(challenged.challenge))","method":"webauthn",\#
          "credential":\#(try authenticator.assert(try #require(challenged.json?["webauthn"])))}
          """#
        for (path, body) in [("/auth/passkey", alone), ("/auth/mfa", beside)] {
          let bytes = Call.bytes("POST", path, [World.json, client.key], Array(body.utf8))
          for connection in connections { connection.send(bytes) }
          let answers = try connections.map { try $0.answer() }
          #expect(answers.count { $0.status == 200 } == 1)
          #expect(Set(answers.compactMap(\.code)).isSubset(of: ["invalid_challenge", "invalid_challenge_response"]))
        }
      }
    }
  }

  @Test("a counter that does not grow is refused at both doors and on record; one that grows, or was never there, is good")
  func counters() async throws {
    try await World.runWithPasskeys { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      var authenticator = try world.addPasskey(person, client) { $0.counter = 5 }
      for (counter, isGood) in [(6, true), (6, false), (5, false), (0, false), (7, true), (900, true), (899, false)] as [(UInt32, Bool)] {
        authenticator.counter = counter
        #expect(try (world.passkeySignIn(authenticator, client).status == 200) == isGood, "\(counter)")
      }
      let challenged = try world.auth(person.body(), client)
      let (challenge, options) = (try #require(challenged.challenge), try #require(challenged.json?["webauthn"]))
      authenticator.counter = 900
      #expect(try world.answerByPasskey(challenge, authenticator.assert(options), client).code == "invalid_challenge_response")
      authenticator.counter = 901
      #expect(try world.answerByPasskey(challenge, authenticator.assert(options), client).status == 200)
      #expect(try await world.audit("factor.counter_rollback").count == 5)
      let simple = try world.addPasskey(person, client, name: "simple")
      for _ in 0..<3 { #expect(try world.passkeySignIn(simple, client).status == 200) }
    }
  }

  @Test("in one call there is nothing to sign")
  func oneCall() async throws {
    try await World.runWithPasskeys { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let authenticator = try world.addPasskey(person, client)
      let credential = try authenticator.assert(world.passkeyRequest(client).options)
      let answer = try world.auth(person.body(#","mfa":{"method":"webauthn","credential":\#(credential)}"#), client)
      #expect(answer.status == 400 && answer.code == "factor_unavailable")
      let challenge = try world.challenge(person, client)
      #expect(try world.answer(challenge, "000000", method: "webauthn", client).code == "invalid_request")
    }
  }

  @Test("a step-up takes a passkey")
  func stepUp() async throws {
    try await World.runWithPasskeys { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let authenticator = try world.addPasskey(person, client)
      let token = try world.passkeySignIn(authenticator, client).token()
      let begun = try world.asUser("POST", "/auth/step-up", token, "{}")
      let (challenge, options) = (try #require(begun.challenge), try #require(begun.json?["webauthn"]))
      func finish(_ credential: String) throws -> Answer {
        try world.asUser(
          "POST", "/auth/step-up/finish", token, #"{"challenge":"\#(challenge)","method":"webauthn","credential":\#(credential)}"#)
      }
      #expect(try finish(authenticator.assert(options, isTrue: false)).code == "invalid_challenge_response")
      #expect(try finish(authenticator.assert(world.passkeyRequest(client).options)).code == "invalid_challenge_response")
      let proven = try finish(authenticator.assert(options))
      #expect(proven.status == 200 && proven.json?["proof"]?.string?.hasPrefix("cfp_") == true)
    }
  }
}
