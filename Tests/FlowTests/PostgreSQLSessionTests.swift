import Cryptography
import Glibc
import Identity
import JSON
import Persistence
import Primitives
import TestPost
import Testing

@testable import CredentialFlow

@Suite("Sessions on PostgreSQL")
struct PostgreSQLSessionTests {
  /// Named by `Scripts/test-postgresql`.
  private static let server = getenv("CREDENTIALFLOW_TEST_POSTGRESQL").map { String(cString: $0) }

  /// A server on a schema of its own.
  private func run(_ more: [String: String] = [:], _ body: (World) async throws -> Void) async throws {
    let server = try #require(Self.server)
    let schema = "test_" + String(UInt64.random(in: 0 ... .max), radix: 36)
    let folder = try TemporaryFolder()
    let settings = World.environment(["database.url": server])
    let keeper = try Installation(folder: DataFolder(path: folder.path), environment: settings).load().configuration.database.open(file: "")
    try await keeper.transaction { try $0.script("CREATE SCHEMA \(schema)") }
    let url = server + (server.contains("?") ? "&" : "?") + "options=-csearch_path%3D" + schema
    do {
      let own = ["database.url": url, "limits.loops": "2", "limits.connectionsPerAddress": "2000"]
      try await World.run(own.merging(more) { $1 }, body)
    } catch {
      await keeper.close()
      throw error
    }
    try await keeper.transaction { try $0.script("DROP SCHEMA \(schema) CASCADE") }
    await keeper.close()
  }

  @Test("one successor of 300 parallel refreshes, no alarm; theft, ends and pruning as on SQLite", .enabled(if: server != nil))
  func refresh() async throws {
    try await run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let connections = try (0..<300).map { _ in try Connection(port: world.port) }
      for _ in 0..<2 {
        let first = try world.signedIn(person, client)
        let bytes = Call.bytes("POST", "/auth/refresh", [World.json, client.key], Array(World.refreshBody(try first.refresh()).utf8))
        for connection in connections { connection.send(bytes) }
        let answers = try connections.map { try $0.answer() }
        #expect(answers.count { $0.status == 200 } == 300, "\(answers.first { $0.status != 200 }?.text ?? "")")
        #expect(Set(answers.compactMap(\.refreshToken)).count == 1)
        #expect(try world.refresh(answers[0].refresh(), client).status == 200)
        #expect(try world.refresh(first.refresh(), client).code == "refresh_token_reused")
      }
      let (kept, ended) = (try world.signedIn(person, client), try world.signedIn(person, client))
      _ = try world.refresh(kept.refresh(), client)
      #expect(try world.asUser("GET", "/auth/sessions", kept.token()).json?["sessions"]?.elements?.count == 2)
      #expect(try world.asUser("DELETE", "/auth/sessions", kept.token()).status == 204)
      #expect(try world.me(ended.token()).code == "revoked")
      world.clock.advance(by: .days(8))
      try await world.prune()
      let left = try await world.application.database.read { try $0.rows("SELECT successor FROM session") }
      #expect(try left.count == 1 && left[0].bytesIfPresent("successor") == nil)
    }
  }

  @Test(
    "a code by mail and one by SMS, each raced by 32, and what nobody takes is a dead letter",
    .enabled(if: server != nil && PostOffice.isInstalled))
  func codes() async throws {
    try await run(Post.settings(["sms.dailyBudget": "2"])) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let (address, number) = (Post.address(), Post.number())
      _ = try await world.enrol("email", address, person, client)
      _ = try await world.enrol("sms", number, person, client)
      let connections = try (0..<32).map { _ in try Connection(port: world.port) }
      for method in ["email", "sms"] {
        let challenge = try world.challenge(person, client)
        #expect(try world.send(challenge, method, client).status == 202)
        let code = method == "email" ? try await world.mailedCode(address, 2) : try await world.textedCode(number, 2)
        let body = Array(#"{"challenge":"\#(challenge)","method":"\#(method)","code":"\#(code)"}"#.utf8)
        for connection in connections { connection.send(Call.bytes("POST", "/auth/mfa", [World.json, client.key], body)) }
        #expect(try connections.map { try $0.answer() }.count { $0.status == 200 } == 1)
      }
      #expect(try world.send(world.challenge(person, client), "sms", client).status == 202)
      #expect(world.hasLogged("the day's budget is spent"))
      let token = try world.signedIn(person, client).token()
      #expect(try world.beginCode("email", Post.address("permanent"), world.proof(person, token), token).status == 201)
      await world.deliver()
      #expect(await world.command("outbox", "list").output.contains("550"))
      try await world.prune()
      #expect(await world.command("outbox", "retry", "all").output == "1 will be sent again\n")
    }
  }

  @Test("invitations, factors, recovery, registration and addresses go as on SQLite, each once", .enabled(if: server != nil))
  func credentials() async throws {
    try await run(RegistrationTests.settings) { world in
      try await world.addRole("member", "forum:read")
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let connections = try (0..<32).map { _ in try Connection(port: world.port) }
      #expect(try world.register("new@example.com", client).status == 202)
      let code = try #require(try await world.mails().last).code
      let accept = Call.bytes(
        "POST", "/auth/invitation/accept", [World.json, client.key], Array(#"{"code":"\#(code)","password":"\#(Person.password)"}"#.utf8))
      for connection in connections { connection.send(accept) }
      #expect(try connections.map { try $0.answer().status }.allSatisfy { $0 == 200 })
      #expect(try await world.audit("account.registered").count == 1)
      #expect(try world.enrol(code, client).1.status == 200)
      let first = try world.signedIn(person, client).token()
      let begun = try world.addTOTP(person, first)
      #expect(try world.changePassword(first, to: "seven lamps on the wet pier", proof: world.proof(person, first)).status == 204)
      let own = try #require(try world.factorIDs("totp", first).first { $0 != begun.id })
      let removals = try [own, begun.id].map { id in
        Call.bytes("DELETE", "/auth/factors/\(id)", [World.bearer(first), ("X-Step-Up", try world.proof(person, first))], nil)
      }
      for (connection, removal) in zip(connections, removals) { connection.send(removal) }
      #expect(try connections.prefix(2).map { try $0.answer().status }.sorted() == [204, 409])
      let left = try world.factorIDs("totp", first)
      world.clock.advance(by: .minutes(6))
      #expect(try world.startRecovery(person.name, client).status == 202)
      let recovery = try #require(try await world.lastMail("recovery", to: person.name)).code
      let mfa = left == [own] ? person.code(world.clock) : begun.code(world.clock)
      #expect(try world.finishRecovery(recovery, client, password: "another seven lamps", mfa: mfa).status == 204)
      #expect(try world.finishRecovery(recovery, client, password: "another seven lamps", mfa: mfa).code == "invalid_challenge")
      try await world.prune()
    }
  }

  @Test("a step-up, and a key under its proof, once", .enabled(if: server != nil))
  func stepUp() async throws {
    try await run { world in
      try await world.addRole("billing", "invoices:read")
      let (person, client) = (try await world.addPerson(roles: ["billing"]), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      let proof = try world.proof(person, token)
      let made = try world.addKey(token, roles: #"["billing"]"#, proof: proof)
      #expect(made.status == 201, "\(made)")
      #expect(try world.addKey(token, roles: #"["billing"]"#, proof: proof).code == "reauthentication_required")
      #expect(try world.asUser("DELETE", "/auth/keys/\(made.json?["id"]?.string ?? "")", token).status == 204)
    }
  }

  @Test("keys rotate, tokens are revoked and the feed goes on, as on SQLite", .enabled(if: server != nil))
  func keysAndFeed() async throws {
    try await run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      try await world.addRole("verifier", "cf/revocations:read")
      let id = try #require(Identity.Application.ID(client.clientID))
      _ = try await world.application.roles.grant("verifier", to: .application(id), by: World.admin)
      func page(after cursor: String?) throws -> (claims: [String], next: String?) {
        let path = "/oauth/revocations" + (cursor.map { "?after=\($0)" } ?? "")
        let claims = try Token(world.call("GET", path, [world.bearer(client)]).text).claims
        return ((claims["events"]?.elements ?? []).compactMap { $0["claim"]?.string }, claims["next"]?.string)
      }
      let start = try page(after: nil).next
      let token = try world.signedIn(person, client).token()
      let own = String(try world.bearer(client).1.dropFirst(7))
      for _ in 0..<3 {
        #expect(try await world.application.keyRotation.rotate([.es256], isImmediate: true, by: World.admin) == .done)
      }
      #expect(try world.me(token).status == 200)
      for given in [token, own] {
        let answer = try world.call("POST", "/oauth/revoke", [World.formType, client.basic], Array("token=\(given)".utf8))
        #expect(answer.status == 200)
      }
      #expect(try world.me(token).code == "revoked")
      let first = try page(after: start)
      #expect(first.claims == ["sid", "jti"])
      let kid = try #require(try Token(own).header["kid"]?.string)
      #expect(try await world.application.keyRotation.revoke(kid, by: World.admin) == .done)
      #expect(try page(after: first.next).claims == ["kid"])
      world.clock.advance(by: .days(2))
      try await world.prune()
      try await world.application.keyRotation.advance()
      #expect(try await world.application.signingKeys.list().count { $0.stage == .active } == 3)
      #expect(try page(after: nil).claims == [])
    }
  }
}
