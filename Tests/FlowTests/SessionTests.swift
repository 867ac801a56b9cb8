import Identity
import JSON
import Journal
import Persistence
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Sessions")
struct SessionTests {
  @Test("logout ends this session and no other, at once and with its refresh token")
  func logout() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let (kept, ended) = (try world.signedIn(person, client), try world.signedIn(person, client))
      #expect(try world.asUser("POST", "/auth/logout", ended.token(), #"{"x":1}"#).code == "invalid_request")
      let answer = try world.asUser("POST", "/auth/logout", ended.token(), "{}")
      #expect(answer.status == 204 && answer.body.isEmpty)
      #expect(try world.me(ended.token()).code == "revoked")
      #expect(try world.asUser("POST", "/auth/logout", ended.token()).code == "revoked")
      #expect(try world.refresh(ended.refresh(), client).code == "revoked")
      #expect(try world.me(kept.token()).status == 200)
      let entry = try #require(try await world.audit("session.ended").last)
      #expect(entry.detail == #"{"session":"\#(ended.sessionID ?? "")","reason":"logout"}"#)
      #expect(entry.actor == "account:\(person.id)" && entry.subject == "account:\(person.id)")
    }
  }

  @Test("a user sees the live sessions with device, client and which is this one, and ends one, or all others")
  func list() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let stranger = try world.signedIn(try await world.addPerson("other@example.com"), client)
      world.clock.advance(by: .seconds(90))
      let named = try world.auth(
        person.oneCall(person.code(world.clock), #","device":"Ada's phone""#), client, ("User-Agent", "phone/1"))
      let (second, third) = (try world.signedIn(person, client), try world.signedIn(person, client))
      world.clock.advance(by: .seconds(30))
      let refreshed = try world.refresh(second.refresh(), client)
      func sessions() throws -> [JSONValue] { try world.asUser("GET", "/auth/sessions", third.token()).json?["sessions"]?.elements ?? [] }
      let listed = try sessions()
      #expect(listed.compactMap { $0["id"]?.string } == [third, second, named].compactMap(\.sessionID))
      #expect(
        listed[0].names == [
          "id", "created_at", "last_used_at", "expires_at", "client_id", "address", "user_agent", "device", "current",
        ])
      #expect(listed.map { $0["current"]?.boolean } == [true, false, false])
      #expect(listed[2]["device"]?.string == "Ada's phone" && listed[2]["user_agent"]?.string == "phone/1")
      #expect(listed[0]["client_id"]?.string == client.clientID && listed[0]["address"]?.string == "127.0.0.1")
      #expect(
        listed[1]["last_used_at"]?.plain != listed[1]["created_at"]?.plain
          && listed[0]["last_used_at"]?.plain == listed[0]["created_at"]?.plain)
      for id in [stranger.sessionID ?? "", "x", "019aa1b2-0000-7000-8000-000000000000"] {
        #expect(try world.asUser("DELETE", "/auth/sessions/\(id)", third.token()).code == "not_found", "\(id)")
      }
      #expect(try world.me(stranger.token()).status == 200)
      #expect(try world.asUser("DELETE", "/auth/sessions/\(named.sessionID ?? "")", third.token()).status == 204)
      #expect(try world.me(named.token()).code == "revoked")
      #expect(try world.asUser("DELETE", "/auth/sessions/\(named.sessionID ?? "")", third.token()).status == 404)
      #expect(try world.asUser("DELETE", "/auth/sessions", third.token()).status == 204)
      #expect(try world.me(refreshed.token()).code == "revoked")
      #expect(try sessions().compactMap { $0["id"]?.string } == [third.sessionID])
    }
  }

  @Test("with one session too many the oldest ends, also where the clock was set back")
  func mostSessions() async throws {
    try await World.run(["tokens.sessionsPerUser": "3"]) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let other = try world.signedIn(try await world.addPerson("other@example.com"), client)
      var answers: [Answer] = []
      for _ in 0..<4 { answers.append(try world.signedIn(person, client)) }
      #expect(try answers.map { try world.me($0.token()).status } == [401, 200, 200, 200])
      #expect(try world.refresh(answers[0].refresh(), client).code == "revoked")
      world.clock.advance(by: .hours(-1))
      let code = person.recoveryCodes[0]
      let next = try world.auth(person.oneCall(code, method: "recovery_code"), client)
      #expect(next.status == 200)
      #expect(try world.refresh(next.refresh(), client).status == 200)
      #expect(try world.refresh(answers[1].refresh(), client).code == "revoked")
      #expect(try world.refresh(answers[2].refresh(), client).status == 200)
      #expect(try world.refresh(other.refresh(), client).status == 200)
      #expect(try await world.audit("session.ended").count { $0.detail.contains(#""reason":"replaced""#) } == 2)
    }
  }

  @Test("every end is in the record with its reason, and is announced to whoever keeps a session in mind")
  func reasons() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let accounts = world.application.accounts
      let password = Secret(copying: "another long password".utf8)
      var ends: [String: (String) async throws -> Void] = [:]
      ends["disabled"] = { _ = try await accounts.setEnabled(false, $0, by: World.admin) }
      ends["deleted"] = { _ = try await accounts.delete($0, by: World.admin) }
      ends["password"] = { _ = try await accounts.setPassword(password, $0, by: World.admin) }
      for (reason, end) in ends {
        let person = try await world.addPerson("\(reason)@example.com")
        let answer = try world.signedIn(person, client)
        let id = try #require(answer.sessionID.flatMap { Session.ID($0) })
        let stamp = world.application.database.changes.stamp(of: .session(id.bytes))
        try await end(person.name)
        #expect(!world.application.database.changes.isCurrent(stamp), "\(reason)")
        #expect(try await world.audit("session.ended").last?.detail == #"{"session":"\#(id)","reason":"\#(reason)"}"#)
        #expect(try world.me(answer.token()).code == "revoked")
      }
    }
  }

  @Test("dead sessions are forgotten: ended, over, or idle for a week and more; live ones never")
  func pruning() async throws {
    try await World.run(["tokens.idleLifetime": "86400", "tokens.sessionLifetime": "2592000"]) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      func count() async throws -> Int { try await world.application.database.read { try $0.rows("SELECT id FROM session").count } }
      let ended = try world.signedIn(person, client)
      _ = try world.signedIn(person, client)
      var kept = try world.signedIn(person, client)
      #expect(try world.asUser("POST", "/auth/logout", ended.token()).status == 204)
      for day in 1...9 {
        world.clock.advance(by: .hours(23))
        kept = try world.refresh(kept.refresh(), client)
        try await world.prune()
        try await world.prune()
        // The ended one goes after a week, the idle one a day later.
        #expect(try await count() == (day < 8 ? 3 : day < 9 ? 2 : 1), "day \(day)")
      }
      #expect(try world.me(kept.token()).status == 200)
    }
  }
}
