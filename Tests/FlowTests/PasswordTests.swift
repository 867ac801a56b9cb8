import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

extension World {
  func changePassword(_ token: String, from current: String = Person.password, to new: String, proof: String?) throws -> Answer {
    let member = proof.map { #","proof":"\#($0)""# } ?? ""
    return try asUser("POST", "/auth/password", token, #"{"current":"\#(current)","new":"\#(new)"\#(member)}"#)
  }
}

@Suite("Users' own passwords")
struct PasswordFlowTests {
  /// The policy as it is where nothing is configured.
  static let policy = ["passwords.composition": "classes", "passwords.minimumScore": "3", "passwords.history": "5"]

  @Test("a new password asks for the present one and a proof, ends all other sessions and makes devices strangers")
  func change() async throws {
    try await World.run(Self.policy) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let other = try world.signedIn(person, client)
      let token = try world.signedIn(person, client).token()
      let device = try #require(other.json?["device_token"]?.string)
      let challenge = try world.challenge(person, client)
      let new = "seven lamps on the wet pier"
      #expect(try world.changePassword(token, to: new, proof: nil).code == "reauthentication_required")
      let proof = try world.proof(person, token)
      let wrong = try world.changePassword(token, from: "another password of hers", to: new, proof: proof)
      #expect(wrong.status == 401 && wrong.code == "invalid_credentials", "\(wrong)")
      #expect(try world.changePassword(token, to: new, proof: proof).status == 204)
      #expect(try world.changePassword(token, from: new, to: new + "!", proof: proof).code == "reauthentication_required")
      #expect(try world.me(token).status == 200)
      #expect(try world.me(other.token()).code == "revoked")
      #expect(try world.answer(challenge, person.code(world.clock), client).code == "invalid_challenge")
      #expect(try await !world.isKnown(device, Person(person, password: new), client))
      world.clock.advance(by: .seconds(60))
      let mfa = #","mfa":{"method":"totp","code":"\#(person.code(world.clock))"}"#
      #expect(try world.auth(person.body(mfa), client).code == "invalid_credentials")
      #expect(try world.auth(person.body(mfa, password: new), client).status == 200)
      #expect(try await world.audit("account.password_changed").count == 1)
    }
  }

  @Test("a refusal says all that is wrong at once, and leaves the proof as it is")
  func everything() async throws {
    try await World.run(Self.policy) { world in
      let (person, client) = (try await world.addPerson("grace@example.com"), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      let proof = try world.proof(person, token)
      func flaws(_ new: String) throws -> [String] {
        let answer = try world.changePassword(token, to: new, proof: proof)
        #expect(answer.status == 422 && answer.code == "weak_password", "\(new) \(answer)")
        let errors = answer.json?["errors"]?.elements ?? []
        #expect(errors.allSatisfy { $0["pointer"]?.string == "/new" })
        return errors.compactMap { $0["detail"]?.string }
      }
      #expect(try flaws("grace").count == 4)
      #expect(try flaws("12345678901").count == 4)
      #expect(try flaws("GraceGraceGrace1!").count == 1)
      #expect(try flaws("CredentialFlow1!").count == 1)
      #expect(try flaws("aaaaaaaaaaaaaaaaaaaaaaaa").count == 1)
      #expect(try flaws(Person.password) == ["it is one of the last 5 passwords"])
      #expect(try world.changePassword(token, to: "seven lamps on the wet pier", proof: proof).status == 204)
    }
  }

  @Test("the last five are not taken again, from any door that sets one; the sixth is")
  func history() async throws {
    try await World.run(Self.policy) { world in
      let person = try await world.addPerson()
      let accounts = world.application.accounts
      func set(_ text: String) async throws -> Accounts.PasswordOutcome {
        try await accounts.setPassword(Secret(copying: text.utf8), person.name, by: World.admin)
      }
      let used = (1...5).map { "seven lamps on pier number \($0)" }
      #expect(try await set(Person.password) == .invalid([.usedBefore(last: 5)]))
      for text in used {
        #expect(try await set(text) == .done)
        #expect(try await set(text) == .invalid([.usedBefore(last: 5)]))
      }
      for text in used { #expect(try await set(text) == .invalid([.usedBefore(last: 5)]), "\(text)") }
      // Five are remembered, the present one among them.
      #expect(try await set(Person.password) == .done)
      #expect(try await set(used[0]) == .done)
    }
  }

  @Test("wrong present passwords count over all sessions, apart from strangers' at the sign-in, and end the change, not the account")
  func counted() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let signedIn = try world.signedIn(person, client)
      let token = try signedIn.token()
      let device = try #require(signedIn.json?["device_token"]?.string)
      let proof = try world.proof(person, token)
      for _ in 0..<100 { _ = try world.auth(person.body(password: "wrong password"), client) }
      #expect(try world.auth(person.body(), client).code == "too_many_attempts")
      let other = try world.auth(person.oneCall(person.recoveryCodes[0], method: "recovery_code", #","device_token":"\#(device)""#), client)
      let second = try world.proof(person, other.token())
      for guess in 0..<100 {
        let (token, proof) = guess % 2 == 0 ? (token, proof) : (try other.token(), second)
        #expect(try world.changePassword(token, from: "wrong password", to: "seven lamps on a pier", proof: proof).status == 401)
      }
      for (token, proof) in [(token, proof), (try other.token(), second)] {
        #expect(try world.changePassword(token, to: "seven lamps on a pier", proof: proof).code == "too_many_attempts")
        #expect(try world.changeAddress("phone", "+491701234567", token, proof: proof).code == "too_many_attempts")
      }
      // The session and the known device go on.
      #expect(try world.me(token).status == 200)
      #expect(
        try world.auth(person.body(#","device_token":"\#(try #require(other.json?["device_token"]?.string))""#), client).code
          == "mfa_required")
    }
  }

  @Test("NIST's rule takes length alone; the command refuses what the policy refuses, and says why")
  func nist() async throws {
    try await World.run(["passwords.composition": "none", "passwords.minimumScore": "3"]) { world in
      let add = { (password: String) async throws in
        try await world.application.accounts.add(
          Accounts.New(username: "a\(password.count)", email: nil, phone: nil, roles: [], password: Secret(copying: password.utf8)),
          by: World.admin)
      }
      if case .added = try await add("wpvkq zd") {} else { Issue.record("eight letters were refused") }
      if case .invalidPassword([.guessable]) = try await add("password1234") {} else { Issue.record("a common password was taken") }
      if case .invalidPassword(let flaws) = try await add("wpvkq z") { #expect(flaws == [.tooShort(least: 8)]) }
    }
  }
}

@Suite("Devices")
struct DeviceTests {
  @Test("a device's token is replaced at each sign-in, the old one dead; devices are listed, and forgotten one by one")
  func rotation() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let other = try world.signedIn(try await world.addPerson("other@example.com"), client).token()
      let first = try world.signedIn(person, client)
      let one = try #require(first.json?["device_token"]?.string)
      world.clock.advance(by: .seconds(60))
      let again = try world.auth(person.oneCall(person.code(world.clock), #","device_token":"\#(one)","device":"her laptop""#), client)
      let two = try #require(again.json?["device_token"]?.string)
      #expect(one != two)
      #expect(try await !world.isKnown(one, person, client))
      #expect(try await world.isKnown(two, person, client))
      let listed = try #require(try world.asUser("GET", "/auth/devices", again.token()).json?["devices"]?.elements)
      #expect(listed.count == 1 && listed[0]["current"]?.boolean == true && listed[0]["name"]?.string == "her laptop", "\(listed)")
      #expect(listed[0].names == ["id", "name", "created_at", "last_used_at", "expires_at", "current"])
      let id = try #require(listed[0]["id"]?.string)
      #expect(try world.asUser("DELETE", "/auth/devices/\(id)", other).code == "not_found")
      #expect(try world.asUser("DELETE", "/auth/devices/\(id)", again.token()).status == 204)
      #expect(try world.asUser("DELETE", "/auth/devices/\(id)", again.token()).code == "not_found")
      #expect(try await !world.isKnown(two, person, client))
      #expect(try world.me(again.token()).status == 200)
    }
  }

  @Test("of eight sign-ins that one device token began, the first takes its place; to the others the device is a stranger")
  func race() async throws {
    try await World.run(["limits.loops": "2"]) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let device = try #require(try world.signedIn(person, client).json?["device_token"]?.string)
      let more = #","device_token":"\#(device)""#
      let challenges = try (0..<8).map { _ in try world.challenge(person, client, more) }
      var tokens: [String] = []
      for (index, challenge) in challenges.enumerated() {
        let answer = try world.answer(challenge, person.recoveryCodes[index], method: "recovery_code", client)
        tokens.append(try #require(answer.json?["device_token"]?.string))
        world.clock.advance(by: .seconds(1))
      }
      #expect(Set(tokens).count == 8)
      // The first took the device's place; the others came from devices that the account did not know.
      let listed = try world.asUser("GET", "/auth/devices", world.signedIn(person, client).token()).json?["devices"]?.elements
      #expect(listed?.count == 9, "\(listed?.count ?? 0)")
    }
  }
}
