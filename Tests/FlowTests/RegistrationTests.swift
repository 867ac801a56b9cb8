import Identity
import JSON
import Persistence
import Primitives
import Testing

@testable import CredentialFlow

extension World {
  func register(_ email: String, _ client: Client) throws -> Answer {
    try call("POST", "/auth/register", [World.json, client.key], Array(#"{"email":"\#(email)"}"#.utf8))
  }

  /// Without a member `current` where that is `nil`.
  func changeAddress(
    _ member: String, _ value: String, _ token: String, current: String? = Person.password, proof: String?
  ) throws -> Answer {
    let more = (current.map { #","current":"\#($0)""# } ?? "") + (proof.map { #","proof":"\#($0)""# } ?? "")
    return try asUser("POST", "/auth/address", token, #"{"\#(member)":"\#(value)"\#(more)}"#)
  }

  func confirmAddress(_ code: String, _ token: String) throws -> Answer {
    try asUser("POST", "/auth/address/confirm", token, #"{"code":"\#(code)"}"#)
  }
}

@Suite("Self-registration")
struct RegistrationTests {
  static let settings = World.mail.merging(["registration.enabled": "true", "registration.roles": #"["member"]"#]) { $1 }

  @Test("is off unless configured")
  func off() async throws {
    try await World.run(World.mail) { world in
      let answer = try world.register("new@example.com", try await world.addClient())
      #expect(answer.status == 403 && answer.code == "forbidden", "\(answer)")
    }
  }

  @Test("a mailed code and a password make the account, a first factor its first session")
  func whole() async throws {
    try await World.run(Self.settings) { world in
      try await world.addRole("member", "forum:read")
      let client = try await world.addClient()
      #expect(try world.register("New.User@Example.com", client).status == 202)
      let mail = try #require(try await world.mails().last)
      #expect(mail.template == "registration" && mail.recipient == "New.User@example.com")
      #expect(mail.values["link"]?.string == "http://127.0.0.1:8080/registration#code=\(mail.code)")
      #expect(try await world.application.accounts.account(named: "new.user@example.com") == nil)
      let (begun, opened) = try world.enrol(mail.code, client)
      #expect(opened.status == 200 && opened.json?["roles"]?.strings == ["member"], "\(opened)")
      #expect(opened.json?["user"]?["username"]?.string == "new.user@example.com")
      #expect(try world.accept(mail.code, client).code == "invalid_invitation")
      world.clock.advance(by: .seconds(60))
      let code = begun.code(world.clock)
      let body = #"{"username":"new.user@example.com","password":"\#(Person.password)","mfa":{"method":"totp","code":"\#(code)"}}"#
      #expect(try world.auth(body, client).status == 200)
      #expect(try await world.audit("account.registered").count == 1)
    }
  }

  @Test(
    "roles that cannot be given make no account and leave the code good; the operator's log says why",
    arguments: [#"["nonesuch"]"#, #"["maker","checker"]"#])
  func misconfigured(roles: String) async throws {
    let settings = Self.settings.merging(["registration.roles": roles]) { $1 }
    try await World.run(settings) { world in
      try await world.addRole("maker", "orders:create")
      try await world.addRole("checker", "orders:approve")
      #expect(await world.command("separation", "add", "four-eyes", "static", "maker", "checker").status == .done)
      let client = try await world.addClient()
      #expect(try world.register("new@example.com", client).status == 202)
      let mail = try #require(try await world.mails().last)
      let refused = try world.accept(mail.code, client)
      #expect(refused.status == 503 && refused.code == "unavailable" && refused["Retry-After"] != nil, "\(refused)")
      #expect(try await world.application.accounts.account(named: "new@example.com") == nil)
      // Mended, the same code makes the account.
      #expect(await world.command("separation", "delete", "four-eyes").status == .done)
      if roles.contains("nonesuch") { try await world.addRole("nonesuch", "forum:read") }
      #expect(try world.accept(mail.code, client).status == 200)
    }
  }

  @Test("the answer is the same for addresses that have accounts, which are told so by mail; nothing of theirs can be taken over")
  func alike() async throws {
    try await World.run(Self.settings) { world in
      try await world.addRole("member", "forum:read")
      let client = try await world.addClient()
      _ = try await world.addMailPerson("known@example.com")
      _ = try await world.addMailPerson("ada", email: "ada@example.com")
      let answers = try ["new@example.com", "known@example.com", "ada@example.com", "new@example.com"].map {
        try world.register($0, client)
      }
      #expect(answers.allSatisfy { $0.status == 202 } && Set(answers.map(\.withoutRequestID)).count == 1)
      // Those of one moment stand in no order.
      #expect(try await world.mails().map(\.template).sorted() == ["registration", "registration_known", "registration_known"])
      let known = try #require(try await world.lastMail("registration_known", to: "ada@example.com"))
      #expect(known.code.isEmpty && known.values["link"]?.string == nil && known.values["username"]?.string == "ada")
      let first = try #require(try await world.lastMail("registration", to: "new@example.com")).code
      // Two who registered before one of them accepted: the account is the first one's.
      world.clock.advance(by: .minutes(6))
      #expect(try world.register("new@example.com", client).status == 202)
      let second = try #require(try await world.lastMail("registration", to: "new@example.com")).code
      #expect(try world.accept(first, client).status == 200)
      #expect(try world.accept(second, client).code == "invalid_invitation")
      for wrong in ["", "two@at@example.com", "nobody", "a b@example.com"] {
        #expect(try world.register(wrong, client).pointer == "/email", "\(wrong)")
      }
    }
  }

  @Test("64 acceptances of one registration at once make one account")
  func race() async throws {
    try await World.run(Self.settings.merging(["limits.loops": "2"]) { $1 }) { world in
      try await world.addRole("member", "forum:read")
      let client = try await world.addClient()
      let connections = try (0..<64).map { _ in try Connection(port: world.port) }
      for round in 0..<Rounds.count() {
        #expect(try world.register("user\(round)@example.com", client).status == 202)
        let code = try #require(try await world.lastMail("registration", to: "user\(round)@example.com")).code
        for (index, connection) in connections.enumerated() {
          let body = #"{"code":"\#(code)","password":"a password of caller \#(index)"}"#
          connection.send(Call.bytes("POST", "/auth/invitation/accept", [World.json, client.key], Array(body.utf8)))
        }
        let answers = try connections.map { try $0.answer() }
        #expect(answers.count { $0.status == 200 } == 1, "\(answers.map(\.description))")
        #expect(try await world.audit("account.registered").count == round + 1)
      }
    }
  }
}

@Suite("Changing addresses")
struct AddressTests {
  @Test("a new address counts when its code has come back, and the old one is told")
  func email() async throws {
    try await World.run(World.mail) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      let other = try world.signedIn(try await world.addMailPerson("other@example.com"), client).token()
      #expect(try world.changeAddress("email", "new@example.org", token, proof: nil).code == "reauthentication_required")
      let proof = try world.proof(person, token)
      let begun = try world.changeAddress("email", "new@example.org", token, proof: proof)
      #expect(begun.status == 202 && begun.json?["sent_to"]?.string == "n***@example.org", "\(begun)")
      #expect(try world.changeAddress("email", "new@example.org", token, proof: proof).code == "reauthentication_required")
      let mail = try #require(try await world.mails().last)
      #expect(mail.template == "verify_address" && mail.recipient == "new@example.org")
      func address() throws -> String? { try world.me(token).json?["user"]?["email"]?.string }
      #expect(try address() == "user@example.com")
      #expect(try world.confirmAddress(mail.code, other).code == "invalid_challenge_response")
      #expect(try world.confirmAddress("12345678", token).code == "invalid_challenge_response")
      #expect(try world.confirmAddress(mail.code, token).status == 204)
      #expect(try address() == "new@example.org")
      #expect(try world.confirmAddress(mail.code, token).code == "invalid_challenge_response")
      let told = try #require(try await world.mails().last)
      #expect(told.template == "notice_address" && told.recipient == "user@example.com")
      #expect(told.values["change"]?.string == "u***@example.com → n***@example.org" && told.values["link"] == nil)
    }
  }

  @Test("a session and a factor in wrong hands are not enough: the present password is asked, and its guesses counted")
  func password() async throws {
    try await World.run(World.mail) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      let proof = try world.proof(person, token)
      for (member, address) in [("email", "new@example.org"), ("phone", "+491701234567")] {
        let missing = try world.changeAddress(member, address, token, current: nil, proof: proof)
        #expect(missing.status == 400 && missing.pointer == "/current", "\(missing)")
        let wrong = try world.changeAddress(member, address, token, current: "another password of hers", proof: proof)
        #expect(wrong.status == 401 && wrong.code == "invalid_credentials", "\(wrong)")
      }
      // Without a proof no password is looked at.
      #expect(try world.changeAddress("email", "new@example.org", token, current: "x", proof: nil).code == "reauthentication_required")
      for _ in 0..<98 {
        #expect(try world.changeAddress("email", "new@example.org", token, current: "x", proof: proof).code == "invalid_credentials")
      }
      #expect(try world.changeAddress("email", "new@example.org", token, proof: proof).code == "too_many_attempts")
      #expect(try world.changePassword(token, to: "seven lamps on the wet pier", proof: proof).code == "too_many_attempts")
      #expect(try await world.mails().allSatisfy { $0.template != "verify_address" })
    }
  }

  @Test("a user without a password, who is not recovered by mail either, shows the proof alone")
  func passwordless() async throws {
    try await World.run(World.mail) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      try await world.application.database.transaction { db in
        try db.run("UPDATE account SET password_hash = NULL WHERE username = \(person.name)")
      }
      let begun = try world.changeAddress("email", "new@example.org", token, current: nil, proof: world.proof(person, token))
      #expect(begun.status == 202, "\(begun)")
    }
  }

  @Test("five wrong codes and nothing waits any more; without anything that sends, nothing begins")
  func bounds() async throws {
    try await World.run(World.mail) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      #expect(try world.changeAddress("email", "new@example.org", token, proof: world.proof(person, token)).status == 202)
      let code = try #require(try await world.mails().last).code
      for _ in 0..<5 { #expect(try world.confirmAddress("00000000", token).status == 401) }
      #expect(try world.confirmAddress(code, token).status == 401)
      let proof = try world.proof(person, token)
      #expect(try world.changeAddress("phone", "+491701234567", token, proof: proof).code == "unavailable")
      #expect(try world.changeAddress("email", "nonsense", token, proof: proof).pointer == "/email")
      // Neither spent the proof.
      #expect(try world.changeAddress("email", "new@example.org", token, proof: proof).status == 202)
    }
  }
}

@Suite("Trusted devices")
struct TrustedDeviceTests {
  @Test("are off: a device token never stands for a second factor")
  func off() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let device = try #require(try world.signedIn(person, client).json?["device_token"]?.string)
      #expect(try world.auth(person.body(#","device_token":"\#(device)""#), client).code == "mfa_required")
    }
  }

  @Test("where configured, the password alone opens a session from a device that showed both factors, for so many days, which says so")
  func trusted() async throws {
    try await World.run(["devices.trust": "7"]) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      func device(_ answer: Answer) throws -> String { #","device_token":"\#(try #require(answer.json?["device_token"]?.string))""# }
      let first = try world.signedIn(person, client)
      #expect(first.json?["acr"]?.string == "aal2")
      #expect(try world.auth(person.body(), client).code == "mfa_required")
      #expect(try world.auth(person.body(device(first), password: "wrong password"), client).code == "invalid_credentials")
      world.clock.advance(by: .days(6))
      let second = try world.auth(person.body(device(first)), client)
      #expect(second.status == 200 && second.json?["amr"]?.strings == ["pwd"] && second.json?["acr"]?.string == "aal1", "\(second)")
      #expect(try Token(second).claims["acr"]?.string == "aal1")
      // A step-up shows a factor for a change, and does not raise what the session is.
      let proven = try world.finish(world.stepUp(second.token()), person.code(world.clock), second.token())
      #expect(try Token(proven).claims["acr"]?.string == "aal1")
      // Being trusted does not prolong the trust.
      world.clock.advance(by: .days(1))
      #expect(try world.auth(person.body(device(second)), client).code == "mfa_required")
    }
  }
}
