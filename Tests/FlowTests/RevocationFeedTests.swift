import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("The feed of revocations")
struct RevocationFeedTests {
  /// A page, its signature checked.
  private func page(_ world: World, _ reader: (String, String), after: String? = nil) throws -> JSONValue {
    let answer = try world.call("GET", "/oauth/revocations" + (after.map { "?after=\($0)&wait=0" } ?? ""), [reader])
    try #require(answer.status == 200, "\(answer)")
    #expect(answer["Content-Type"] == "application/cf-revocations+jwt")
    let token = try Token(answer.text)
    #expect(token.header["typ"]?.string == "cf-revocations+jwt")
    #expect(try token.isSigned(byKeyOf: world.call("GET", "/.well-known/jwks.json").json))
    #expect(token.claims["iss"]?.string == World.issuer)
    #expect(token.claims["token_use"] == nil)
    return token.claims
  }

  private func events(_ page: JSONValue) -> [String] {
    (page["events"]?.elements ?? []).map { "\($0["claim"]?.string ?? "") \($0["value"]?.string ?? "")" }
  }

  private func reader(_ world: World) async throws -> (String, String) {
    try await world.addRole("verifier", "cf/revocations:read")
    let client = try await world.addClient("verifier")
    let id = try #require(try await world.application.applications.application(named: "verifier")?.id)
    _ = try await world.application.roles.grant("verifier", to: .application(id), by: World.admin)
    return try world.bearer(client)
  }

  @Test("sessions, users, applications, keys and single tokens appear in order, once each, behind the cursor")
  func events() async throws {
    try await World.run { world in
      let verifier = try await reader(world)
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let first = try page(world, verifier)
      #expect(first["snapshot"]?.boolean == true && events(first) == [])
      let session = try #require(try world.signedIn(person, client).json?["session_id"]?.string)
      #expect(try await world.application.accounts.setEnabled(false, person.name, by: World.admin))
      let own = String(try world.bearer(client).1.dropFirst(7))
      let answer = try world.call("POST", "/oauth/revoke", [World.formType, client.basic], Array("token=\(own)".utf8))
      #expect(answer.status == 200)
      let jti = try #require(try Token(own).claims["jti"]?.string)
      let second = try page(world, verifier, after: first["next"]?.string)
      #expect(second["snapshot"]?.boolean == false && second["more"]?.boolean == false)
      #expect(events(second) == ["sid \(session)", "sub \(person.id)", "jti \(jti)"])
      #expect(try await world.application.applications.delete("gateway", by: World.admin))
      let third = try page(world, verifier, after: second["next"]?.string)
      #expect(events(third) == ["client_id \(client.clientID)"])
      let cursor = third["next"]?.string
      #expect(events(try page(world, verifier, after: cursor)) == [])
      let kid = try #require(try Token(own).header["kid"]?.string)
      #expect(try await world.application.keyRotation.revoke(kid, by: World.admin) == .done)
      #expect(try world.call("GET", "/oauth/revocations", [verifier]).status == 401, "the reader's own token was signed by it")
    }
  }

  @Test("an unknown cursor, or one of another history, gives everything again and says so")
  func snapshot() async throws {
    try await World.run { world in
      let verifier = try await reader(world)
      let person = try await world.addPerson()
      #expect(try await world.application.accounts.setEnabled(false, person.name, by: World.admin))
      let all = try page(world, verifier)
      #expect(events(all) == ["sub \(person.id)"])
      for cursor in ["nonsense", "99-1", "1-1", "-1-1", "9999999999999999999999-0"] {
        let page = try page(world, verifier, after: cursor)
        #expect(page["snapshot"]?.boolean == true && events(page) == events(all))
      }
      let known = try page(world, verifier, after: all["next"]?.string)
      #expect(known["snapshot"]?.boolean == false && events(known) == [])
      // When nothing that it names can live any more, an entry is forgotten; who stood at the end still does.
      world.clock.advance(by: .days(2))
      try await world.prune()
      let client = try await world.addClient("late")
      let id = try #require(try await world.application.applications.application(named: "late")?.id)
      _ = try await world.application.roles.grant("verifier", to: .application(id), by: World.admin)
      let later = try world.bearer(client)
      #expect(events(try page(world, later)) == [])
      #expect(try page(world, later, after: all["next"]?.string)["snapshot"]?.boolean == false)
    }
  }

  @Test("the feed needs its permission, a page is no token at any door, and parameters are checked")
  func doors() async throws {
    try await World.run { world in
      let verifier = try await reader(world)
      let client = try await world.addClient()
      #expect(try world.call("GET", "/oauth/revocations").status == 401)
      #expect(try world.call("GET", "/oauth/revocations", [try world.bearer(client)]).code == "insufficient_permission")
      for wait in ["31", "-1", "x"] { #expect(try world.call("GET", "/oauth/revocations?wait=\(wait)", [verifier]).status == 400) }
      let statement = try world.call("GET", "/oauth/revocations", [verifier]).text
      let bearer = ("Authorization", "Bearer \(statement)")
      #expect(try world.call("POST", "/auth", [World.json, bearer], Array("{}".utf8)).code == "invalid_client_token")
      #expect(try world.me(statement).code == "invalid_token")
    }
  }

  @Test("who waits is answered when something happens, and others go on meanwhile")
  func waiting() async throws {
    try await World.run { world in
      let verifier = try await reader(world)
      let person = try await world.addPerson()
      let cursor = try #require(try page(world, verifier)["next"]?.string)
      let connection = try Connection(port: world.port)
      connection.send(Call.bytes("GET", "/oauth/revocations?after=\(cursor)&wait=30", [verifier], nil))
      // The same loop answers others while one waits.
      #expect(try world.call("GET", "/healthz").status == 200)
      #expect(try await world.application.accounts.setEnabled(false, person.name, by: World.admin))
      let token = try Token(try connection.answer().text)
      #expect(events(token.claims) == ["sub \(person.id)"])
    }
  }
}
