import Glibc
import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Refresh across restarts, and to the end")
struct RefreshEndTests {
  @Test("a restart changes nothing: the same successor within the grace, theft after it, also with the clock an hour back")
  func restart() async throws {
    let folder = try TemporaryFolder()
    try await Template.copy(to: folder)
    let clock = ManualClock(at: World.start)
    var (clients, tokens, successors): ([Client], [String], [String]) = ([], [], [])
    try await World.run(in: folder, clock: clock) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      clients.append(client)
      for _ in 0..<3 { tokens.append(try world.signedIn(person, client).refresh()) }
      for token in tokens { successors.append(try world.refresh(token, client).refresh()) }
    }
    let client = clients[0]
    clock.advance(by: .seconds(5))
    try await World.run(in: folder, clock: clock) { (world: World) async throws in
      #expect(try world.refresh(tokens[0], client).refreshToken == successors[0])
      world.clock.advance(by: .seconds(6))
    }
    try await World.run(in: folder, clock: clock) { (world: World) async throws in
      #expect(try world.refresh(tokens[1], client).code == "refresh_token_reused")
      #expect(try world.refresh(successors[0], client).status == 200)
    }
    clock.advance(by: .hours(-1))
    try await World.run(in: folder, clock: clock) { (world: World) async throws in
      #expect(try world.refresh(tokens[0], client).code == "refresh_token_reused")
      #expect(try world.refresh(tokens[2], client).code == "refresh_token_reused")
      #expect(try world.refresh(successors[1], client).code == "revoked")
    }
  }

  @Test("after kill -9 the last token that a client was given goes on, and the one before it is theft", arguments: 1...3)
  func kill(round: Int) async throws {
    let folder = try TemporaryFolder()
    try await Template.copy(to: folder)
    let clock = ManualClock(at: World.start)
    var clients: [Client] = []
    try await World.run(in: folder, clock: clock) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      clients.append(client)
      try folder.write("given", try world.signedIn(person, client).refresh() + " " + client.apiKey + "\n")
    }
    func given() -> [String] {
      let text = (try? FileBytes.read(folder.path + "/given", limit: 1 << 24)).map { String(decoding: $0, as: UTF8.self) } ?? ""
      return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { String($0.split(separator: " ")[0]) }
    }
    let enough = Int.random(in: 5...100)
    let child = try ChildProcess(test: "childRefreshesUntilItDies", folder: folder)
    let isFarEnough = await ChildProcess.eventually { given().count > enough }
    child.kill()
    #expect(isFarEnough)
    let tokens = given()
    clock.advance(by: .seconds(5))
    try await World.run(in: folder, clock: clock) { world in
      // The current one, or the predecessor of one whose answer the client never saw.
      let next = try world.refresh(try #require(tokens.last), clients[0])
      #expect(next.status == 200, "\(next) in round \(round)")
      #expect(try world.refresh(next.refresh(), clients[0]).status == 200)
      #expect(try world.refresh(tokens[tokens.count - 2], clients[0]).code == "refresh_token_reused")
      #expect(try world.refresh(next.refresh(), clients[0]).code == "revoked")
    }
  }

  @Test("(the process that is killed)", .enabled(if: ChildProcess.folder != nil, "only inside the test above"))
  func childRefreshesUntilItDies() async throws {
    let folder = TemporaryFolder(borrowing: try #require(ChildProcess.folder))
    let line = String(decoding: try FileBytes.read(folder.path + "/given", limit: 1_000), as: UTF8.self)
    let parts = line.split(separator: "\n")[0].split(separator: " ").map(String.init)
    let file = open(folder.path + "/given", O_WRONLY | O_APPEND)
    try await World.run(in: folder, clock: ManualClock(at: World.start + .seconds(92))) { world in
      var token = parts[0]
      while true {
        let body = Array(World.refreshBody(token).utf8)
        token = try world.call("POST", "/auth/refresh", [World.json, ("X-API-Key", parts[1])], body).refresh()
        let text = token + "\n"
        #expect(Glibc.write(file, text, text.utf8.count) == text.utf8.count)
      }
    }
  }

  @Test("idle and absolute lifetimes end a session, and no access token outlives them")
  func lifetimes() async throws {
    try await World.run(["tokens.idleLifetime": "1000", "tokens.sessionLifetime": "2500"]) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let idle = try world.signedIn(person, client)
      #expect(idle.json?["refresh_expires_in"]?.integer == 1_000)
      world.clock.advance(by: .seconds(1_000))
      let refused = try world.refresh(idle.refresh(), client)
      #expect(refused.status == 401 && refused.code == "expired", "\(refused)")
      var answer = try world.signedIn(person, client)
      for expected in [(1_000, 600), (700, 600)] as [(Int64, Int64)] {
        world.clock.advance(by: .seconds(900))
        answer = try world.refresh(answer.refresh(), client)
        #expect(answer.json?["refresh_expires_in"]?.integer == expected.0, "\(answer)")
        #expect(answer.json?["expires_in"]?.integer == expected.1)
      }
      world.clock.advance(by: .seconds(600))
      answer = try world.refresh(answer.refresh(), client)
      #expect(answer.json?["refresh_expires_in"]?.integer == 100 && answer.json?["expires_in"]?.integer == 100)
      world.clock.advance(by: .seconds(100))
      #expect(try world.refresh(answer.refresh(), client).code == "expired")
      #expect(try world.me(answer.token()).code == "expired")
    }
  }
}
