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

  @Test("one mailbox under many names, and one address that asks for many, get no more than anybody; the answers are the same")
  func paced() async throws {
    let settings = Self.settings.merging(["pace.enabled": "true", "messages.recipient.burst": "3", "messages.address.burst": "6"]) { $1 }
    try await World.run(settings) { world in
      let client = try await world.addClient()
      let answers = try (0..<8).map { try world.register("victim+\($0)@gmail.com", client) }
      #expect(answers.allSatisfy { $0.status == 202 } && Set(answers.map(\.withoutRequestID)).count == 1)
      #expect(try await world.mails().count == 3)
      #expect(world.hasLogged("no mail: paced by recipient"))
      // What was refused for the mailbox was charged to who asked.
      #expect(try world.register("other@example.com", client).status == 202)
      #expect(try await world.mails().count == 3)
      world.clock.advance(by: .minutes(30))
      #expect(try world.register("other@example.com", client).status == 202)
      #expect(try await world.lastMail("registration", to: "other@example.com") != nil)
    }
  }

  @Test("whoever makes up names of a mailbox by a plus keeps nobody from registering by the plain one")
  func taggedNames() async throws {
    try await World.run(Self.settings.merging(["pace.enabled": "true"]) { $1 }) { world in
      let client = try await world.addClient()
      for number in 0..<20 { #expect(try world.register("ann+\(number)@example.net", client).status == 202) }
      #expect(try await world.mails().count == 5)
      #expect(try world.register("ann@example.net", client).status == 202)
      #expect(try await world.lastMail("registration", to: "ann@example.net") != nil)
    }
  }

  @Test("names that are made up of a mailbox bring it no more than any mailbox gets, whoever asks")
  func swamping() async throws {
    let proxies = #"[{"networks":["127.0.0.0/8"],"dialect":"x-forwarded-for","hops":1}]"#
    try await World.run(Self.settings.merging(["pace.enabled": "true", "proxies": proxies]) { $1 }) { world in
      let client = try await world.addClient()
      for number in 0..<40 {
        let from = ("X-Forwarded-For", "203.0.113.\(number)")
        // A dot behind each letter whose bit is set.
        let dotted = "annxyz".enumerated().map { index, letter in number >> index & 1 == 1 ? "\(letter)." : "\(letter)" }.joined()
        for name in ["ann+\(number)@example.net", dotted + "q@gmail.com"] {
          let answer = try world.call(
            "POST", "/auth/register", [World.json, client.key, from], Array(#"{"email":"\#(name)"}"#.utf8))
          #expect(answer.status == 202, "\(answer)")
        }
      }
      let recipients = try await world.mails().map(\.recipient)
      // The plainest name of a mailbox is nobody's to take.
      #expect(recipients.count { $0.hasSuffix("example.net") } == 5 && recipients.count { $0.hasSuffix("gmail.com") } == 10 + 1)
      #expect(recipients.contains("annxyzq@gmail.com"))
    }
  }
}
