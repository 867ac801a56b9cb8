import Cryptography
import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

extension World {
  /// An account without password and factor, and the code of its invitation.
  func invited(_ name: String = "new@example.com", roles: [String] = [], email: String? = nil) async throws -> String {
    let new = Invitations.New(username: name, email: email, phone: nil, roles: roles)
    guard
      case .added(let invited) = try await application.credentials.invitations.add(new, allowsUnicode: false, by: World.admin)
    else { throw Unexpected(what: "no invitation for \(name)") }
    return invited.invitation.code
  }

  func invite(_ name: String) async throws -> Invitations.IssueOutcome {
    try await application.credentials.invitations.invite(name, by: World.admin)
  }

  func accept(_ code: String, _ client: Client, password: String = Person.password) throws -> Answer {
    try call(
      "POST", "/auth/invitation/accept", [World.json, client.key], Array(#"{"code":"\#(code)","password":"\#(password)"}"#.utf8))
  }

  /// From an invitation to the first session.
  func enrol(_ code: String, _ client: Client, password: String = Person.password) throws -> (BegunTOTP, Answer) {
    let token = try #require(try accept(code, client, password: password).json?["enrollment_token"]?.string)
    let begun = try BegunTOTP(asUser("POST", "/auth/factors/totp", token))
    return (begun, try confirm(begun.id, begun.code(clock), token))
  }
}

extension Invitations.IssueOutcome {
  var code: String? { if case .issued(let issued) = self { issued.code } else { nil } }
}

@Suite("Invitations")
struct InvitationTests {
  @Test("an invited user sets a password, enrols a first factor and is signed in by it; the invitation is used up")
  func whole() async throws {
    try await World.run { world in
      try await world.addRole("billing", "invoices:read")
      let client = try await world.addClient()
      let code = try await world.invited(roles: ["billing"])
      let accepted = try world.accept(code, client)
      #expect(accepted.status == 200 && accepted["X-Auth-Outcome"] == "ok", "\(accepted)")
      #expect(accepted.json?["user"]?["username"]?.string == "new@example.com" && accepted.accessToken == nil)
      let token = try #require(accepted.json?["enrollment_token"]?.string)
      #expect(token.hasPrefix("cfe_"))
      // The password alone opens nothing, as ever.
      #expect(try world.auth(#"{"username":"new@example.com","password":"\#(Person.password)"}"#, client).code == "mfa_enrollment_required")
      let begun = try BegunTOTP(world.asUser("POST", "/auth/factors/totp", token))
      let opened = try world.confirm(begun.id, begun.code(world.clock), token)
      #expect(opened.status == 200 && opened["X-Auth-Outcome"] == "ok", "\(opened)")
      #expect(opened.json?["amr"]?.strings == ["pwd", "otp", "mfa"] && opened.json?["acr"]?.string == "aal2")
      #expect(opened.json?["roles"]?.strings == ["billing"] && opened.json?["device_token"]?.string?.hasPrefix("cfd_") == true)
      #expect(try world.me(opened.token()).status == 200)
      #expect(try world.refresh(opened.refresh(), client).status == 200)
      // Used up, at every step.
      #expect(try world.accept(code, client).code == "invalid_invitation")
      #expect(try world.asUser("POST", "/auth/factors/totp", token).code == "invalid_token")
      #expect(try world.confirm(begun.id, begun.code(world.clock, steps: 1), token).code == "invalid_token")
      world.clock.advance(by: .seconds(60))
      let body =
        #"{"username":"new@example.com","password":"\#(Person.password)","mfa":{"method":"totp","code":"\#(begun.code(world.clock))"}}"#
      #expect(try world.auth(body, client).status == 200)
      for action in ["invitation.issued", "invitation.accepted", "factor.enrolled", "session.opened"] {
        #expect(try await !world.audit(action).isEmpty, "\(action)")
      }
    }
  }

  @Test("looking at the link uses nothing; codes that are unknown, replaced, over, another's or of a user with a factor are refused alike")
  func refused() async throws {
    try await World.run { world in
      let (client, person) = (try await world.addClient(), try await world.addPerson())
      let first = try await world.invited()
      let second = try #require(try await world.invite("new@example.com").code)
      #expect(try world.call("GET", "/invitation").status == 200)
      let late = try await world.invited("late@example.com")
      let disabled = try await world.invited("disabled@example.com")
      _ = try await world.application.accounts.setEnabled(false, "disabled@example.com", by: World.admin)
      let refused = try [first, "cfi_nonsense", "", disabled, person.recoveryCodes[0]].map { try world.accept($0, client) }
      #expect(refused.allSatisfy { $0.status == 400 && $0.code == "invalid_invitation" }, "\(refused)")
      #expect(Set(refused.map(\.withoutRequestID)).count == 1)
      guard case .hasFactor = try await world.invite(person.name) else {
        Issue.record("an invitation for who has a factor")
        return
      }
      world.clock.advance(by: .hours(72))
      #expect(try world.accept(late, client).code == "invalid_invitation")
      #expect(try world.accept(second, client).code == "invalid_invitation")
      try await world.prune()
    }
  }

  @Test("where the account has a password it is checked, a hundred times, and what strangers try at the sign-in counts apart")
  func checked() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let code = try await world.invited()
      #expect(try world.accept(code, client).status == 200)
      func signIn(_ password: String) throws -> Answer {
        try world.auth(#"{"username":"new@example.com","password":"\#(password)"}"#, client)
      }
      for guess in 0..<100 { #expect(try signIn("wrong horse battery \(guess)").code == "invalid_credentials") }
      #expect(try signIn(Person.password).code == "too_many_attempts")
      for guess in 0..<100 {
        let answer = try world.accept(code, client, password: "wrong horse battery \(guess)")
        #expect(answer.status == 401 && answer.code == "invalid_credentials", "\(answer)")
      }
      #expect(try world.accept(code, client).code == "too_many_attempts")
      _ = try await world.application.accounts.unlock("new@example.com", by: World.admin)
      #expect(try world.accept(code, client).status == 200)
    }
  }

  @Test("an enrolment token is good for a first factor and for nothing else, in its time, once replaced never")
  func tokenBounds() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let code = try await world.invited()
      let old = try #require(try world.accept(code, client).json?["enrollment_token"]?.string)
      let token = try #require(try world.accept(code, client).json?["enrollment_token"]?.string)
      #expect(try world.asUser("POST", "/auth/factors/totp", old).code == "invalid_token")
      for (method, path) in [
        ("GET", "/auth/me"), ("GET", "/auth/factors"), ("GET", "/auth/sessions"), ("POST", "/auth/step-up"),
        ("POST", "/auth/factors/recovery-codes"), ("POST", "/auth/logout"), ("GET", "/auth/keys"), ("GET", "/auth/devices"),
      ] {
        let answer = try world.asUser(method, path, token)
        #expect(answer.status == 401 && answer.code == "invalid_token", "\(path) \(answer)")
      }
      #expect(try world.nginx("authenticated", World.bearer(token)).decision == "401 invalid_token")
      #expect(try world.post("/auth", #"{"username":"a","password":"b"}"#, World.bearer(token)).code == "invalid_client_token")
      // What one token began, another cannot end.
      let begun = try BegunTOTP(world.asUser("POST", "/auth/factors/totp", token))
      let next = try #require(try world.accept(code, client).json?["enrollment_token"]?.string)
      #expect(try world.confirm(begun.id, begun.code(world.clock), next).code == "not_found")
      let again = try BegunTOTP(world.asUser("POST", "/auth/factors/totp", next))
      world.clock.advance(by: .minutes(15))
      #expect(try world.confirm(again.id, again.code(world.clock), next).code == "invalid_token")
    }
  }

  @Test("64 confirmations of first factors at once open one session and leave one factor")
  func race() async throws {
    try await World.run(["limits.loops": "2"]) { world in
      let client = try await world.addClient()
      let connections = try (0..<64).map { _ in try Connection(port: world.port) }
      for round in 0..<Rounds.count() {
        let code = try await world.invited("user\(round)@example.com")
        let token = try #require(try world.accept(code, client).json?["enrollment_token"]?.string)
        let begun = try (0..<4).map { _ in try BegunTOTP(world.asUser("POST", "/auth/factors/totp", token)) }
        for (index, connection) in connections.enumerated() {
          let one = begun[index % begun.count]
          connection.send(
            Call.bytes(
              "POST", "/auth/factors/totp/\(one.id)/confirm", [World.bearer(token), World.json],
              Array(#"{"code":"\#(one.code(world.clock))"}"#.utf8)))
        }
        let answers = try connections.map { try $0.answer() }
        let opened = answers.filter { $0.status == 200 }
        try #require(opened.count == 1, "\(opened)")
        let factors = try world.asUser("GET", "/auth/factors", opened[0].token()).json?["factors"]?.elements
        #expect(factors?.count { $0["confirmed"]?.boolean == true } == 1)
      }
    }
  }

  @Test("64 acceptances of one invitation at once set one password")
  func raceOfAcceptance() async throws {
    try await World.run(["limits.loops": "2"]) { world in
      let client = try await world.addClient()
      let connections = try (0..<64).map { _ in try Connection(port: world.port) }
      for round in 0..<Rounds.count() {
        let code = try await world.invited("user\(round)@example.com")
        for (index, connection) in connections.enumerated() {
          let body = #"{"code":"\#(code)","password":"a password of caller \#(index)"}"#
          connection.send(Call.bytes("POST", "/auth/invitation/accept", [World.json, client.key], Array(body.utf8)))
        }
        let answers = try connections.map { try $0.answer() }
        try #require(answers.count { $0.status == 200 } == 1, "\(answers)")
        #expect(answers.count { $0.code == "invalid_credentials" } == 63)
        #expect(try await world.audit("account.password_set").count == round + 1)
      }
    }
  }

  @Test("resetting factors takes sessions, devices and keys too, and leaves an invitation: never a bare account")
  func reset() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let signedIn = try world.signedIn(person, client)
      let token = try signedIn.token()
      let begun = try BegunTOTP(world.beginTOTP(token, proof: world.proof(person, token)))
      let challenge = try world.challenge(person, client)
      let reply = await world.command("user", "reset-mfa", person.name, "--json")
      let issued = try JSONValue(parsing: Array(reply.output.utf8))
      #expect(issued.names == ["code", "url", "expires_at"])
      #expect(issued["url"]?.string == "http://127.0.0.1:8080/invitation#code=\(issued["code"]?.string ?? "")")
      #expect(try world.me(token).code == "revoked")
      #expect(try world.answer(challenge, person.code(world.clock), client).code == "invalid_challenge")
      world.clock.advance(by: .seconds(60))
      for (code, method) in [
        (person.code(world.clock), "totp"), (person.recoveryCodes[0], "recovery_code"), (begun.code(world.clock), "totp"),
      ] {
        #expect(try world.auth(person.oneCall(code, method: method), client).code == "mfa_enrollment_required")
      }
      let code = try #require(issued["code"]?.string)
      #expect(try world.accept(code, client, password: "another password than hers").code == "invalid_credentials")
      let (new, opened) = try world.enrol(code, client)
      #expect(opened.status == 200, "\(opened)")
      world.clock.advance(by: .seconds(60))
      #expect(try world.auth(person.oneCall(person.code(world.clock)), client).code == "invalid_credentials")
      #expect(try world.auth(person.oneCall(new.code(world.clock)), client).status == 200)
      #expect(await world.command("user", "reset-mfa", "nobody").status == .refused)
    }
  }

  @Test("the operator invites by command and over HTTP, and sees what a user has")
  func operatorsDoors() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      let added = await world.command("user", "add", "carol", "--invite", "--json")
      let made = try JSONValue(parsing: Array(added.output.utf8))
      #expect(made.names == ["id", "username", "invitation"], "\(made)")
      let id = try #require(made["id"]?.string)
      let invited = try console.call("POST", "/users/\(id)/invitation")
      #expect(invited.status == 201 && invited.json?["code"]?.string?.hasPrefix("cfi_") == true, "\(invited)")
      #expect(invited.json?["code"]?.string != made["invitation"]?["code"]?.string)
      #expect(try console.call("POST", "/users/\(Account.ID(at: World.start))/invitation").code == "not_found")
      let client = try await world.addClient()
      #expect(try world.accept(#require(made["invitation"]?["code"]?.string), client).code == "invalid_invitation")
      let (_, opened) = try world.enrol(#require(invited.json?["code"]?.string), client)
      #expect(opened.status == 200)
      #expect(try console.call("POST", "/users/\(id)/invitation").code == "conflict")
      let shown = try JSONValue(parsing: Array(await world.command("user", "show", "carol", "--json").output.utf8))
      #expect(shown["password_locked"]?.boolean == false && shown["devices"]?.elements?.count == 1)
      for _ in 0..<100 { _ = try world.auth(#"{"username":"carol","password":"wrong horse battery"}"#, client) }
      #expect(
        try JSONValue(parsing: Array(await world.command("user", "show", "carol", "--json").output.utf8))["password_locked"]?.boolean
          == true)
      #expect(await world.command("user", "show", "carol").output.contains("locked: 'user unlock'"))
    }
  }
}
