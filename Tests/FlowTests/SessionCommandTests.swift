import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Session commands")
struct SessionCommandTests {
  @Test("the operator lists live sessions, everybody's or one user's, in pages")
  func list() async throws {
    try await World.run { world in
      let (ada, bob) = (try await world.addPerson("ada"), try await world.addPerson("bob"))
      let client = try await world.addClient()
      var ids: [String] = []
      for person in [ada, bob, ada] { ids.append(try #require(try world.signedIn(person, client).sessionID)) }
      func listed(_ reply: ControlReply) throws -> [String] {
        try JSONValue(parsing: Array(reply.output.utf8)).elements?.compactMap { $0["id"]?.string } ?? []
      }
      #expect(try listed(await world.command("session", "list", "--json")) == ids)
      #expect(try listed(await world.command("session", "list", "--user", "ada", "--json")) == [ids[2], ids[0]])
      let page = await world.command("session", "list", "--limit", "2", "--json")
      #expect(try listed(page) == [ids[0], ids[1]] && page.errors.contains("--after \(ids[1])"), "\(page.errors)")
      #expect(try listed(await world.command("session", "list", "--after", ids[1], "--json")) == [ids[2]])
      let text = await world.command("session", "list")
      #expect(text.status == .done && text.output.contains("ada") && text.output.contains("127.0.0.1"))
      #expect(await world.command("session", "list", "--user", "nobody").status == .refused)
      #expect(await world.command("session", "list", "--after", "x").status == .usage)
    }
  }

  @Test("'session revoke' ends one, a user's, or all, and returns when no door opens any more")
  func revoke() async throws {
    try await World.run { world in
      let (ada, bob) = (try await world.addPerson("ada"), try await world.addPerson("bob"))
      let client = try await world.addClient()
      var answers: [Answer] = []
      for person in [ada, ada, ada, bob, bob] { answers.append(try world.signedIn(person, client)) }
      func live() throws -> [Bool] { try answers.map { try world.me($0.token()).status == 200 } }
      for words in [["session", "revoke"], ["session", "revoke", "x"], ["session", "revoke", "--all", "--user", "ada"]] {
        let reply = await CommandRunner(table: CommandTable.all, environment: [:]).run(
          ControlRequest(words: words, isTerminal: false, input: nil), in: world.application)
        #expect(reply.status == .usage, "\(words): \(reply.errors)")
      }
      let id = answers[0].sessionID ?? ""
      #expect(await world.command("session", "revoke", id).output == "1 session has ended.\n")
      #expect(await world.command("session", "revoke", id).status == .refused)
      #expect(try live() == [false, true, true, true, true])
      #expect(await world.command("session", "revoke", "--user", "ada", "--json").output == "{\"ended\":2}\n")
      #expect(try live() == [false, false, false, true, true])
      #expect(await world.command("session", "revoke", "--all").output == "2 sessions have ended.\n")
      #expect(try live() == [false, false, false, false, false])
      for answer in answers { #expect(try world.refresh(answer.refresh(), client).code == "revoked") }
      let entries = try await world.audit("session.ended")
      #expect(entries.count == 5)
    }
  }
}
