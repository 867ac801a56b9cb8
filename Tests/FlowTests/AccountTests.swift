import Cryptography
import Identity
import JSON
import Journal
import Persistence
import Primitives
import Telemetry
import Testing

@testable import CredentialFlow

@Suite("What an operator changes is in force at every door")
struct AccountTests {
  @Test("a disabled user gets nothing from any door; enabled again, new sign-ins go and old sessions stay ended")
  func disabled() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let token = try world.signedIn(person, client).token()
      let challenge = try world.challenge(person, client)
      let accounts = world.application.accounts
      #expect(try await accounts.setEnabled(false, person.name, by: World.admin))
      world.clock.advance(by: .seconds(60))
      #expect(try world.me(token).code == "revoked")
      #expect(try world.auth(person.body(), client).code == "invalid_credentials")
      #expect(try world.auth(person.oneCall(person.code(world.clock)), client).code == "invalid_credentials")
      #expect(try world.answer(challenge, person.code(world.clock), client).code == "invalid_challenge")
      #expect(try await accounts.setEnabled(true, person.name, by: World.admin))
      #expect(try world.me(token).code == "revoked")
      #expect(try world.answer(challenge, person.code(world.clock), client).code == "invalid_challenge")
      #expect(try world.auth(person.oneCall(person.code(world.clock)), client).status == 200)
      #expect(try await accounts.setEnabled(false, "nobody@example.com", by: World.admin) == false)
    }
  }

  @Test("a deleted user is unknown at every door, and a new one of the same name has nothing of the old")
  func deleted() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let answer = try world.signedIn(person, client)
      let challenge = try world.challenge(person, client)
      #expect(try await world.application.accounts.delete(person.name, by: World.admin))
      #expect(try world.me(answer.token()).code == "revoked")
      world.clock.advance(by: .seconds(60))
      #expect(try world.auth(person.oneCall(person.code(world.clock)), client).code == "invalid_credentials")
      #expect(try world.answer(challenge, person.code(world.clock), client).code == "invalid_challenge")
      let successor = try await world.addPerson(person.name)
      #expect(try world.auth(person.oneCall(person.code(world.clock)), client).code == "invalid_credentials")
      #expect(try world.auth(person.oneCall(person.recoveryCodes[0], method: "recovery_code"), client).code == "invalid_credentials")
      #expect(try world.me(answer.token()).code == "revoked")
      #expect(try world.auth(successor.oneCall(successor.code(world.clock)), client).status == 200)
    }
  }

  @Test("a new password ends sessions and challenges, is in force at once, and lifts the password's lock")
  func setPassword() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let token = try world.signedIn(person, client).token()
      for _ in 0..<100 { _ = try world.auth(person.body(password: "wrong password"), client) }
      world.clock.advance(by: .seconds(60))
      let new = Secret(copying: "an entirely new password".utf8)
      #expect(try await world.application.accounts.setPassword(new, person.name, by: World.admin) == .done)
      #expect(try world.me(token).code == "revoked")
      #expect(try world.auth(person.body(), client).code == "invalid_credentials")
      let mfa = #","mfa":{"method":"totp","code":"\#(person.code(world.clock))"}"#
      #expect(try world.auth(person.body(mfa, password: "an entirely new password"), client).status == 200)
      let short = Secret(copying: "short".utf8)
      #expect(
        try await world.application.accounts.setPassword(short, person.name, by: World.admin) == .invalid([.tooShort(least: 8)]))
      #expect(try await world.application.accounts.setPassword(new, "nobody@example.com", by: World.admin) == .unknownUser)
    }
  }

  @Test("a password is the same in every Unicode form that NFC makes equal, and no other")
  func normalisedPassword() async throws {
    try await World.run { world in
      let person = try await world.addPerson(password: "geheim-\u{00E4}\u{00F6}\u{00FC}")
      let client = try await world.addClient()
      #expect(try world.auth(person.body(password: "geheim-a\u{308}o\u{308}u\u{308}"), client).code == "mfa_required")
      #expect(try world.auth(person.body(password: "GEHEIM-\u{00E4}\u{00F6}\u{00FC}"), client).code == "invalid_credentials")
      #expect(try world.auth(person.body(password: "geheim-aou"), client).code == "invalid_credentials")
    }
  }

  @Test("a user without a second factor gets nothing but the word that one is needed")
  func enrollmentRequired() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      try await world.application.database.transaction { try $0.script("DELETE FROM factor") }
      for body in [person.body(), person.oneCall(person.code(world.clock))] {
        let answer = try world.auth(body, client)
        #expect(answer.status == 401 && answer.code == "mfa_enrollment_required", "\(answer)")
        #expect(answer.challenge == nil && answer.accessToken == nil && answer["X-Auth-Outcome"] == "mfa_enrollment_required")
      }
    }
  }
}

@Suite("The record of what happened")
struct RecordTests {
  private func actions(_ world: World) async throws -> [AuditEntry] {
    try await world.application.database.read { try AuditLog($0).tail(10_000) }
  }

  /// What an operator can do to a user and an application, down to their end.
  private func changeEverything(_ world: World, _ person: Person, _ client: Client) async throws {
    let accounts = world.application.accounts
    _ = try await accounts.unlock(person.name, by: World.admin)
    _ = try await accounts.setPassword(Secret(copying: "another password".utf8), person.name, by: World.admin)
    _ = try await accounts.setEnabled(false, person.name, by: World.admin)
    _ = try await accounts.setEnabled(true, person.name, by: World.admin)
    _ = try await world.application.apiKeys.rotate(client.keyID, by: World.admin)
    _ = try await world.application.applications.change("gateway", Applications.Change(isEnabled: false), by: World.admin)
    _ = try await accounts.delete(person.name, by: World.admin)
    _ = try await world.application.applications.delete("gateway", by: World.admin)
    _ = try await world.application.roles.delete("billing", by: World.admin)
  }

  @Test("every change of state has its entry with who, what, where and under which request; the chain verifies")
  func everyChange() async throws {
    try await World.run { world in
      let before = try await actions(world).count
      try await world.addRole("billing", "invoices:read")
      let person = try await world.addPerson(roles: ["billing"])
      let client = try await world.addClient()
      _ = try world.auth(person.body(), client, ("X-Request-ID", "challenge-1"))
      _ = try world.auth(person.oneCall(person.code(world.clock)), client, ("X-Request-ID", "session-1"))
      for _ in 0..<100 { _ = try world.auth(person.oneCall(person.wrongCode(world.clock)), client) }
      for _ in 0..<100 { _ = try world.auth(person.body(password: "wrong password"), client) }
      try await changeEverything(world, person, client)
      let entries = try await actions(world).dropFirst(before)
      #expect(
        entries.map(\.action) == [
          "role.created", "account.created", "role.granted", "factor.enrolled", "factor.enrolled", "application.created",
          "api_key.created", "sign_in.challenged", "session.opened", "factor.locked", "password.locked", "account.unlocked",
          "session.ended", "account.password_set", "account.disabled", "account.enabled", "api_key.revoked", "api_key.created",
          "application.changed",
          "account.deleted", "application.deleted", "role.deleted",
        ])
      let opened = try #require(entries.first { $0.action == "session.opened" })
      #expect(opened.requestID == "session-1" && opened.address == "127.0.0.1")
      #expect(opened.actor == "application:\(client.clientID)" && opened.subject == "account:\(person.id)")
      #expect(entries.first { $0.action == "sign_in.challenged" }?.requestID == "challenge-1")
      #expect(entries.first?.actor == "command:test")
      guard case .intact = try await AuditVerification.verify(world.application.database) else {
        Issue.record("the chain is broken")
        return
      }
      // Nothing in the record or the log is a secret.
      world.application.log.flush()
      let written = entries.map(\.detail).joined() + world.log.lines.joined()
      for secret in [
        person.password, client.apiKey, client.secret, person.recoveryCodes[0], person.totp.secret.withBytes { Base32.upper.encode($0) },
      ] {
        #expect(!written.contains(secret))
      }
      #expect(world.log.lines.contains { $0.contains("session-1") })
    }
  }

  @Test("denials that change nothing become one entry per reason, source and minute")
  func denials() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      for _ in 0..<30 { _ = try world.auth(#"{"username":"nobody","password":"wrong password"}"#, client) }
      for _ in 0..<20 { _ = try world.post("/auth", "{}") }
      let person = try await world.addPerson()
      let form = ("Content-Type", "application/x-www-form-urlencoded")
      let wrong = Array("grant_type=client_credentials&client_id=\(client.clientID)&client_secret=wrong".utf8)
      for _ in 0..<7 { #expect(try world.call("POST", "/oauth/token", [form], wrong).status == 401) }
      // No denials: a grant that the server does not know, and a right password that waits for its second factor.
      #expect(try world.call("POST", "/oauth/token", [form], Array("grant_type=other".utf8)).status == 400)
      #expect(try world.auth(person.body(), client).code == "mfa_required")
      let guess = #"{"challenge":"unknown","method":"totp","code":"123456"}"#
      for _ in 0..<3 { #expect(try world.post("/auth/mfa", guess, client.key).code == "invalid_challenge") }
      world.clock.advance(by: .seconds(60))
      for _ in 0..<10 { _ = try world.post("/auth", "{}") }
      let before = try await actions(world).count
      await world.server.drain(within: .seconds(1))
      let entries = try await actions(world).dropFirst(before).filter { $0.action == "request.denied" }
      #expect(entries.count == 5)
      let counts = entries.map { "\($0.subject) \($0.detail)" }
      #expect(counts.contains { $0.contains("reason:invalid_credentials") && $0.contains(#""count":"30""#) }, "\(counts)")
      #expect(counts.contains { $0.contains("reason:client_required") && $0.contains(#""count":"20""#) })
      #expect(counts.contains { $0.contains("reason:invalid_client ") && $0.contains(#""count":"7""#) }, "\(counts)")
      #expect(counts.contains { $0.contains("reason:invalid_challenge ") && $0.contains(#""count":"3""#) }, "\(counts)")
      #expect(counts.contains { $0.contains("reason:client_required") && $0.contains(#""count":"10""#) })
      #expect(counts.allSatisfy { $0.contains(#""source":"127.0.0.1""#) })
    }
  }
}
