import Cryptography
import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Roles at the doors")
struct RoleFlowTests {
  private static let api = "https://api.example.com"

  private func grant(
    _ world: World, _ role: String, _ person: Person, _ terms: Assignment.Terms = .unlimited
  ) async throws -> RoleOutcome {
    let id = try #require(Account.ID(person.id))
    return try await world.application.roles.grant(.named(role), to: .account(id), terms, by: World.admin)
  }

  private func signIn(_ world: World, _ person: Person, _ client: Client, _ more: String = "") throws -> Answer {
    world.clock.advance(by: .seconds(90))
    return try world.auth(person.oneCall(person.code(world.clock), more), client)
  }

  @Test("a sign-in activates what is inherited too, and a requested role may be an inherited one")
  func hierarchy() async throws {
    try await World.run { world in
      try await world.addRole("clerk", "invoices:read")
      try await world.addRole("chief", "budget:*")
      #expect(try await world.application.roles.inherit("clerk", by: "chief", by: World.admin) == .done)
      let person = try await world.addPerson(roles: ["chief"])
      let client = try await world.addClient()
      let all = try signIn(world, person, client)
      #expect(all.json?["roles"]?.strings == ["chief"] && all.json?["permissions"]?.strings == ["budget:*", "invoices:read"])
      #expect(all.json?["roles_inactive"] == nil)
      #expect(try Token(all).claims["permissions"]?.strings == ["budget:*", "invoices:read"])
      let some = try signIn(world, person, client, #","roles":["clerk"]"#)
      #expect(some.json?["roles"]?.strings == ["clerk"] && some.json?["permissions"]?.strings == ["invoices:read"])
      // In force at once, without a new token.
      #expect(try await world.application.roles.disinherit("clerk", by: "chief", by: World.admin) == .done)
      #expect(try world.me(all.token()).json?["permissions"]?.strings == ["budget:*"])
      #expect(try world.me(some.token()).json?["roles"]?.strings == [])
    }
  }

  @Test("a dynamic separation keeps both roles back; asking for both is refused, and consumes nothing")
  func dynamicSeparation() async throws {
    try await World.run { world in
      for role in ["cashier", "auditor", "staff"] { try await world.addRole(role, "\(role):do") }
      #expect(try await world.application.separations.add("desk", .dynamic, ["cashier", "auditor"], by: World.admin) == .done)
      let person = try await world.addPerson(roles: ["cashier", "auditor", "staff"])
      let client = try await world.addClient()
      let all = try signIn(world, person, client)
      #expect(all.json?["roles"]?.strings == ["staff"])
      #expect(all.json?["roles_inactive"]?.strings == ["auditor", "cashier"])
      world.clock.advance(by: .seconds(90))
      let code = person.code(world.clock)
      let both = try world.auth(person.oneCall(code, #","roles":["cashier","auditor"]"#), client)
      #expect(both.status == 409 && both.code == "separation_of_duty" && both.pointer == "/roles")
      // Nobody learns of it without both factors.
      let wrong = try world.auth(person.oneCall(person.wrongCode(world.clock), #","roles":["cashier","auditor"]"#), client)
      #expect(wrong.code == "invalid_credentials")
      let one = try world.auth(person.oneCall(code, #","roles":["cashier"]"#), client)
      #expect(one.status == 200 && one.json?["roles"]?.strings == ["cashier"])
      let refresh = try #require(all.json?["refresh_token"]?.string)
      let again = try world.call(
        "POST", "/auth/refresh", [World.json, client.key], Array(#"{"refresh_token":"\#(refresh)"}"#.utf8))
      #expect(again.json?["roles_inactive"]?.strings == ["auditor", "cashier"], "\(again)")
      // A challenge is refused alike, and is still good for less.
      world.clock.advance(by: .seconds(90))
      let challenge = try world.challenge(person, client, #","roles":["cashier","auditor"]"#)
      #expect(try world.answer(challenge, person.code(world.clock), client).code == "separation_of_duty")
    }
  }

  @Test("an assignment that ends cuts the token's life and is gone at the next look")
  func ending() async throws {
    try await World.run { world in
      try await world.addRole("temporary", "thing:do")
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let end = world.clock.now() + .seconds(90 + 40)
      #expect(try await grant(world, "temporary", person, Assignment.Terms(expiresAt: end)) == .done)
      let answer = try signIn(world, person, client)
      #expect(answer.json?["expires_in"]?.integer == 40)
      let claims = try Token(answer).claims
      #expect(claims["exp"]?.integer == end.unixSeconds && claims["roles"]?.strings == ["temporary"])
      world.clock.advance(by: .seconds(39))
      #expect(try world.me(answer.token()).json?["roles"]?.strings == ["temporary"])
      let refresh = try #require(answer.json?["refresh_token"]?.string)
      world.clock.advance(by: .seconds(1))
      #expect(try world.me(answer.token()).code == "expired")
      let next = try world.call("POST", "/auth/refresh", [World.json, client.key], Array(#"{"refresh_token":"\#(refresh)"}"#.utf8))
      #expect(next.json?["roles"]?.strings == [] && next.json?["expires_in"]?.integer == 600)
    }
  }

  @Test("an assignment held to an application or an audience counts only there")
  func scopes() async throws {
    try await World.run { world in
      for role in ["shop", "outside"] { try await world.addRole(role, "\(role):do") }
      let person = try await world.addPerson()
      let (client, other) = (try await world.addClient(audiences: [Self.api]), try await world.addClient("other"))
      let id = try #require(Application.ID(client.clientID))
      #expect(try await grant(world, "shop", person, Assignment.Terms(application: id)) == .done)
      #expect(try await grant(world, "outside", person, Assignment.Terms(audience: Self.api)) == .done)
      #expect(try signIn(world, person, client).json?["roles"]?.strings == ["shop"])
      #expect(try signIn(world, person, other).json?["roles"]?.strings == [])
      #expect(try signIn(world, person, client, #","audience":"\#(Self.api)""#).json?["roles"]?.strings == ["outside", "shop"])
      let asked = try signIn(world, person, other, #","roles":["shop"]"#)
      #expect(asked.status == 400 && asked.pointer == "/roles/0")
      // The assignment goes with its application and does not count everywhere.
      #expect(try await world.application.applications.delete("gateway", by: World.admin))
      #expect(
        try await world.application.roles.assignments(of: .account(try #require(Account.ID(person.id)))).map(\.roleName) == ["outside"])
    }
  }

  @Test("client credentials activate alike: inheritance, ends, audiences, and scopes that a pattern covers")
  func clientCredentials() async throws {
    try await World.run { world in
      try await world.addRole("reader", "models/*:read")
      try await world.addRole("writer", "models/*:write")
      #expect(try await world.application.roles.inherit("reader", by: "writer", by: World.admin) == .done)
      let client = try await world.addClient(audiences: [Self.api])
      let holder = RoleHolder.application(try #require(Application.ID(client.clientID)))
      let terms = Assignment.Terms(expiresAt: world.clock.now() + .seconds(30), audience: Self.api)
      #expect(try await world.application.roles.grant("writer", to: holder, terms, by: World.admin) == .done)
      let grant = "grant_type=client_credentials"
      #expect(try Token(world.token(grant, client.basic)).claims["roles"]?.strings == [])
      let answer = try world.token("\(grant)&resource=https%3A%2F%2Fapi.example.com", client.basic)
      #expect(answer.json?["expires_in"]?.integer == 30 && answer.json?["scope"]?.string == "models/*:read models/*:write")
      let narrow = try world.token("\(grant)&resource=https%3A%2F%2Fapi.example.com&scope=models/gpt:read", client.basic)
      let claims = try Token(narrow).claims
      #expect(claims["permissions"]?.strings == ["models/gpt:read"] && claims["roles"]?.strings == [])
      let wide = try world.token("\(grant)&resource=https%3A%2F%2Fapi.example.com&scope=**:read", client.basic)
      #expect(wide.json?["error"]?.string == "invalid_scope")
      let mine = Assignment.Terms(application: Application.ID(client.clientID))
      #expect(try await world.application.roles.grant("reader", to: holder, mine, by: World.admin) == .invalidTerms)
    }
  }
}
