import Glibc
import Identity
import JSON
import Persistence
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Faults")
struct FaultTests {
  private func expectUnavailable(_ answer: Answer, _ what: String) {
    #expect(answer.status == 503 && answer.code == "unavailable", "\(what): \(answer)")
    #expect(Int(answer["Retry-After"] ?? "") ?? 0 >= 1, "\(what)")
    #expect(answer.accessToken == nil && answer.challenge == nil, "\(what)")
    #expect(answer["X-Auth-Outcome"] == "unavailable", "\(what)")
    #expect(answer.json?["detail"]?.string?.contains("SQL") == false, "\(what)")
  }

  @Test("a database that can only be read answers 503 and passes nobody; what only reads goes on")
  func readOnly() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let challenge = try world.challenge(person, client)
      let token = try world.signedIn(person, client).token()
      world.clock.advance(by: .seconds(60))
      // What a file system that was remounted read-only is to SQLite's connection, without needing one.
      _ = try await world.application.database.transaction { try $0.run("PRAGMA query_only = 1") }
      expectUnavailable(try world.auth(person.oneCall(person.code(world.clock)), client), "one call")
      expectUnavailable(try world.auth(person.body(), client), "a password")
      expectUnavailable(try world.auth(person.body(password: "wrong password"), client), "a wrong password")
      expectUnavailable(try world.answer(challenge, person.code(world.clock), client), "a challenge")
      #expect(try world.me(token).status == 200)
      #expect(try world.call("GET", "/healthz").status == 200)
    }
  }

  @Test("a full database answers 503 and passes nobody; with room again, sign-ins go on")
  func full() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      try await world.application.database.transaction { db in
        try db.run("CREATE TABLE filler (bytes BLOB)")
        let pages = try db.row("PRAGMA page_count")?.integer("page_count") ?? 0
        try db.script("PRAGMA max_page_count = \(pages + 2)")
      }
      while (try? await world.application.database.transaction { try $0.run("INSERT INTO filler VALUES (zeroblob(500))") }) != nil {}
      var refusals = 0
      for _ in 0..<40 {
        world.clock.advance(by: .seconds(60))
        let answer = try world.auth(person.oneCall(person.code(world.clock)), client)
        if answer.status == 200 { continue }
        expectUnavailable(answer, "one call")
        refusals += 1
        if refusals == 3 { break }
      }
      #expect(refusals == 3)
      #expect(try world.call("GET", "/healthz").status == 200)
      try await world.application.database.transaction { try $0.script("PRAGMA max_page_count = 100000") }
      world.clock.advance(by: .seconds(60))
      #expect(try world.auth(person.oneCall(person.code(world.clock)), client).status == 200)
    }
  }

  @Test("a database that another process has locked answers 503 after the time-out and passes nobody")
  func locked() async throws {
    try await World.run(["database.busyTimeout": "0"]) { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let settings = try world.installation.load().configuration.database
      let intruder = try SQLiteDatabase(path: world.installation.folder.databasePath, settings: settings)
      // The body holds the write lock for as long as the test asks meanwhile.
      let answers = Answers()
      let port = world.port
      let body = Array(person.oneCall(person.code(world.clock)).utf8)
      try await intruder.transaction { db in
        try db.run("UPDATE account SET version = version")
        let connection = try Connection(port: port)
        connection.send(Call.bytes("POST", "/auth", [World.json, client.key], body))
        answers.list = [try connection.answer()]
      }
      await intruder.close()
      let answer = try #require(answers.list.first)
      expectUnavailable(answer, "one call")
      #expect(try world.auth(person.oneCall(person.code(world.clock)), client).status == 200)
    }
  }

  /// `@unchecked`: written inside a transaction's body and read after it.
  private final class Answers: @unchecked Sendable {
    var list: [Answer] = []
  }

  @Test("TOTP secrets and keys that were moved or changed in the database are 503, never a pass")
  func changedSecret() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let other = try await world.addPerson("other@example.com")
      let client = try await world.addClient()
      // The other's secret, which the attacker knows, in the place of the user's.
      try await world.application.database.transaction { db in
        let rows = try db.rows(
          """
          SELECT factor.id, username, totp_secret FROM factor JOIN account ON account.id = account_id WHERE totp_secret IS NOT NULL
          """)
        let mine = try #require(try rows.first { try $0.text("username") == person.name }).bytes("id")
        let theirs = try #require(try rows.first { try $0.text("username") == other.name }).bytes("totp_secret")
        try db.run("UPDATE factor SET totp_secret = \(theirs) WHERE id = \(mine)")
      }
      expectUnavailable(try world.auth(person.oneCall(other.code(world.clock)), client), "a moved secret")
    }
  }

  @Test("a missing, malformed, open or wrong master key is refused at the start with what to do, and changes nothing")
  func masterKey() async throws {
    try await World.run { world in
      await world.close()
      let installation = world.installation
      let configuration = try installation.load().configuration
      let path = installation.folder.masterKeyPath
      let key = try FileBytes.read(path, limit: 1_000)
      func refusal(_ environment: [String: String] = [:]) async -> String {
        do {
          let opened = try await CredentialFlow.Application.open(
            Installation(folder: installation.folder, environment: environment), configuration: configuration)
          await opened.close()
          return "opened"
        } catch {
          return "\(error)"
        }
      }
      #expect(await refusal() == "opened")
      unlink(path)
      #expect(await refusal().contains("master.key is missing; put the master key back"))
      #expect(throws: Refusal.self) { try MasterKeyFile(installation).make() }
      _ = try FileBytes.create(path, Array("not a key\n".utf8), mode: 0o600)
      #expect(await refusal().contains("holds no master key"))
      unlink(path)
      _ = try FileBytes.create(path, MasterKey().text, mode: 0o600)
      #expect(await refusal().contains("the master key does not open this database"))
      unlink(path)
      _ = try FileBytes.create(path, key, mode: 0o644)
      #expect(await refusal().contains("chmod 600"))
      chmod(path, 0o600)
      #expect(await refusal(["CREDENTIALFLOW_MASTER_KEY": "nonsense"]).contains("CREDENTIALFLOW_MASTER_KEY holds no master key"))
      #expect(await refusal() == "opened")
    }
  }
}
