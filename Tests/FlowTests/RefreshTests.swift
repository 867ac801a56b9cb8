import Identity
import JSON
import Journal
import Persistence
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Refresh rotation")
struct RefreshTests {
  @Test("a refresh answers as a sign-in does: both tokens new, the same session and auth_time, no device token")
  func shape() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let first = try world.signedIn(person, client)
      world.clock.advance(by: .seconds(300))
      let second = try world.refresh(first.refresh(), client)
      #expect(second.status == 200 && second["X-Auth-Outcome"] == "ok", "\(second)")
      #expect(second.json?.names == first.json?.names.filter { $0 != "device_token" })
      #expect(second.sessionID == first.sessionID && second.refreshToken != first.refreshToken)
      #expect(second.json?["expires_in"]?.integer == 600 && second.json?["refresh_expires_in"]?.integer == 1_209_600)
      let (old, new) = (try Token(first), try Token(second))
      for name in ["auth_time", "sid", "sub", "aud", "amr", "acr", "client_id"] {
        #expect(new.claims[name]?.plain == old.claims[name]?.plain, "\(name)")
      }
      #expect(new.claims["jti"]?.plain != old.claims["jti"]?.plain)
      #expect((new.claims["iat"]?.integer ?? 0) - (old.claims["iat"]?.integer ?? 0) == 300)
      #expect(try world.me(second.token()).status == 200)
      #expect(try world.me(first.token()).status == 200)
      #expect(try world.refresh(second.refresh(), client).status == 200)
    }
  }

  @Test("roles are activated anew: what was granted meanwhile is there, what was taken is not, and what was asked for bounds it")
  func roles() async throws {
    try await World.run { world in
      try await world.addRole("billing", "invoices:read")
      try await world.addRole("audit", "entries:read")
      let (person, client) = (try await world.addPerson(roles: ["billing"]), try await world.addClient())
      let all = try world.signedIn(person, client)
      world.clock.advance(by: .seconds(60))
      let one = try world.auth(person.oneCall(person.code(world.clock), #","roles":["billing"]"#), client)
      #expect(one.json?["roles"]?.strings == ["billing"], "\(one)")
      let account = try #require(Account.ID(person.id))
      #expect(try await world.application.roles.grant("audit", to: .account(account), by: World.admin) == .done)
      let next = try world.refresh(all.refresh(), client)
      #expect(next.json?["roles"]?.strings == ["audit", "billing"])
      #expect(try Token(next).claims["permissions"]?.strings == ["entries:read", "invoices:read"])
      #expect(try world.refresh(one.refresh(), client).json?["roles"]?.strings == ["billing"])
      #expect(try await world.application.roles.revoke("billing", from: .account(account), by: World.admin) == .done)
      #expect(try world.refresh(next.refresh(), client).json?["roles"]?.strings == ["audit"])
    }
  }

  @Test("the same token again within ten seconds gives the same successor, once the successor is used it is theft")
  func grace() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let first = try world.signedIn(person, client).refresh()
      let second = try world.refresh(first, client)
      world.clock.advance(by: .seconds(10))
      let again = try world.refresh(first, client)
      #expect(again.status == 200 && again.refreshToken == second.refreshToken, "\(again)")
      #expect(again.accessToken != second.accessToken)
      let third = try world.refresh(second.refresh(), client)
      #expect(third.status == 200)
      let stolen = try world.refresh(first, client)
      #expect(stolen.status == 401 && stolen.code == "refresh_token_reused", "\(stolen)")
      #expect(stolen["WWW-Authenticate"] != nil && stolen["X-Auth-Outcome"] == "refresh_token_reused")
      #expect(try world.refresh(third.refresh(), client).code == "revoked")
      #expect(try world.refresh(first, client).code == "revoked")
      #expect(try world.me(third.token()).code == "revoked")
      let entries = try await world.audit("session.ended")
      #expect(entries.count == 1 && entries[0].detail.contains(#""reason":"theft""#), "\(entries)")
    }
  }

  @Test("the predecessor after the ten seconds, and any older one, ends the session", arguments: [1, 2, 5])
  func late(generations: Int) async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let other = try world.signedIn(person, client)
      let first = try world.signedIn(person, client).refresh()
      var last = first
      for _ in 0..<generations {
        world.clock.advance(by: .hours(2))
        last = try world.refresh(last, client).refresh()
      }
      world.clock.advance(by: .seconds(11))
      #expect(try world.refresh(first, client).code == "refresh_token_reused")
      #expect(try world.refresh(last, client).code == "revoked")
      // The user's other session has nothing to do with it.
      #expect(try world.refresh(other.refresh(), client).status == 200)
    }
  }

  @Test("a clock that was set back an hour opens no grace again, then or later, and the current token goes on")
  func clockStepsBack() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let kept = try world.refresh(world.signedIn(person, client).refresh(), client)
      let first = try world.signedIn(person, client).refresh()
      _ = try world.refresh(first, client)
      let pruned = try world.signedIn(person, client).refresh()
      _ = try world.refresh(pruned, client)
      world.clock.advance(by: .hours(-1))
      #expect(try world.refresh(first, client).code == "refresh_token_reused")
      let next = try world.refresh(kept.refresh(), client)
      #expect(next.status == 200)
      #expect(try world.refresh(next.refresh(), client).status == 200)
      // When the clock gets there a second time the sealed successor is gone.
      try await world.prune()
      world.clock.advance(by: .hours(1) + .seconds(2))
      #expect(try world.refresh(pruned, client).code == "refresh_token_reused")
    }
  }

  @Test("the sealed successor is deleted with the grace, and when the session ends")
  func sealedSuccessor() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      func boxes() async throws -> Int {
        try await world.application.database.read { try $0.rows("SELECT id FROM session WHERE successor IS NOT NULL").count }
      }
      let first = try world.signedIn(person, client)
      let second = try world.refresh(first.refresh(), client)
      #expect(try await boxes() == 1)
      world.clock.advance(by: .seconds(10))
      try await world.prune()
      #expect(try await boxes() == 1)
      world.clock.advance(by: .seconds(1))
      try await world.prune()
      #expect(try await boxes() == 0)
      let third = try world.refresh(second.refresh(), client)
      #expect(try await boxes() == 1)
      #expect(try world.asUser("POST", "/auth/logout", third.token()).status == 204)
      #expect(try await boxes() == 0)
    }
  }

  @Test("500 parallel refreshes of one token: one successor, which goes on, and no alarm")
  func parallel() async throws {
    try await World.run(["limits.loops": "2", "limits.connectionsPerAddress": "2000"]) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let connections = try (0..<500).map { _ in try Connection(port: world.port) }
      for _ in 0..<3 {
        let first = try world.signedIn(person, client)
        let bytes = Call.bytes("POST", "/auth/refresh", [World.json, client.key], Array(World.refreshBody(try first.refresh()).utf8))
        for connection in connections { connection.send(bytes) }
        let answers = try connections.map { try $0.answer() }
        #expect(answers.count { $0.status == 200 } == 500)
        #expect(Set(answers.compactMap(\.refreshToken)).count == 1)
        #expect(Set(answers.compactMap(\.accessToken)).count == 500)
        #expect(try world.refresh(answers[0].refresh(), client).status == 200)
        #expect(try world.refresh(first.refresh(), client).code == "refresh_token_reused")
      }
      #expect(try await world.audit("session.ended").count == 3)
    }
  }
}
