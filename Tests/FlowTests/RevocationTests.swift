import Identity
import Primitives
import Testing

@testable import CredentialFlow

@Suite("A cache never outlives a revocation")
struct RevocationTests {
  /// Connections that the system spreads over the loops.
  private func connections(_ world: World) throws -> [Connection] { try (0..<12).map { _ in try Connection(port: world.port) } }

  private func ask(_ connection: Connection, _ bytes: [UInt8]) throws -> String {
    connection.send(bytes)
    return try connection.answer().decision
  }

  @Test("what is taken away is refused to the next request, on whichever loop, ten thousand times")
  func rounds() async throws {
    try await World.run(Rules.of(#"{"name":"read","permissions":["a:read"]}"#).merging(["limits.loops": "4"]) { $1 }) { world in
      try await world.addRole("reader", "a:read")
      let client = try await world.addClient()
      let holder = RoleHolder.application(try #require(Application.ID(client.clientID)))
      let roles = world.application.roles
      let token = Call.bytes("GET", "/authz/nginx/read", [try world.bearer(client)], nil)
      let key = Call.bytes("GET", "/authz/nginx/read", [client.key], nil)
      let connections = try connections(world)
      var wrong = 0
      for round in 0..<2_500 {
        _ = try await roles.grant("reader", to: holder, by: World.admin)
        let first = connections[round % connections.count]
        if try ask(first, token) != "200" { wrong += 1 }
        if try ask(connections[(round * 5 + 1) % connections.count], key) != "200" { wrong += 1 }
        _ = try await roles.revoke("reader", from: holder, by: World.admin)
        if try ask(first, token) != "403 insufficient_permission" { wrong += 1 }
        if try ask(connections[(round * 7 + 2) % connections.count], key) != "403 insufficient_permission" { wrong += 1 }
      }
      #expect(wrong == 0)
    }
  }

  @Test("an ended session, a disabled user, a deleted application and a revoked key are refused on every loop at once")
  func ends() async throws {
    try await World.run(["limits.loops": "4"]) { world in
      let connections = try connections(world)
      func decisions(_ header: (String, String)) throws -> Set<String> {
        let bytes = Call.bytes("GET", "/authz/nginx/authenticated", [header], nil)
        return Set(try connections.map { try ask($0, bytes) })
      }
      let client = try await world.addClient()
      let ada = try await world.addPerson()
      let application = world.application
      let first = World.bearer(try world.signedIn(ada, client).token())
      #expect(try decisions(first) == ["200"])
      #expect(try world.call("POST", "/auth/logout", [first]).status == 204)
      #expect(try decisions(first) == ["401 revoked"])

      let second = World.bearer(try world.signedIn(ada, client).token())
      #expect(try decisions(second) == ["200"])
      #expect(try await application.accounts.setEnabled(false, ada.name, by: World.admin))
      #expect(try decisions(second) == ["401 revoked"])

      #expect(try decisions(client.key) == ["200"])
      #expect(try await application.apiKeys.revoke(client.keyID, by: World.admin))
      #expect(try decisions(client.key) == ["401 invalid_token"])

      let own = try world.bearer(client)
      #expect(try decisions(own) == ["200"])
      #expect(try await application.applications.delete(client.name, by: World.admin))
      #expect(try decisions(own) == ["401 revoked"])
    }
  }
}
