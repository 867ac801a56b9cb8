import Identity
import JSON
import Persistence
import Primitives
import Testing

@testable import CredentialFlow

@Suite("What decisions rest on")
struct DecisionFlowTests {
  @Test("a changed role takes effect on the next decision, without a new token")
  func roles() async throws {
    try await World.run(
      Rules.of(#"{"name":"read","permissions":["invoices:read"]}"#, #"{"name":"clerk","role":"clerk"}"#)
    ) { world in
      try await world.addRole("clerk", "invoices:read")
      let client = try await world.addClient()
      let ada = try await world.addPerson()
      let token = try world.signedIn(ada, client).token()
      let holder = RoleHolder.account(try #require(Account.ID(ada.id)))
      #expect(try world.nginx("read", World.bearer(token)).decision == "403 insufficient_permission")
      let denied = try world.nginx("read", World.bearer(token))
      #expect(denied["WWW-Authenticate"] == #"Bearer error="insufficient_scope", scope="invoices:read""#)
      #expect(try world.nginx("clerk", World.bearer(token)).decision == "403 insufficient_role")
      _ = try await world.application.roles.grant("clerk", to: holder, by: World.admin)
      #expect(try world.nginx("read", World.bearer(token)).identity()["Roles"] == "clerk")
      #expect(try world.nginx("clerk", World.bearer(token)).decision == "200")
      _ = try await world.application.roles.disallow(try #require(Permission("invoices:read")), from: "clerk", by: World.admin)
      #expect(try world.nginx("read", World.bearer(token)).decision == "403 insufficient_permission")
      #expect(try world.nginx("clerk", World.bearer(token)).identity()["Permissions"] == "")
      _ = try await world.application.roles.revoke("clerk", from: holder, by: World.admin)
      #expect(try world.nginx("clerk", World.bearer(token)).decision == "403 insufficient_role")
    }
  }

  @Test("a token that was narrowed to a scope gets no more from a decision than the scope says")
  func narrowed() async throws {
    try await World.run(
      Rules.of(#"{"name":"read","permissions":["a:read"]}"#, #"{"name":"write","permissions":["a:write"]}"#, #"{"name":"role","role":"r"}"#)
    ) { world in
      try await world.addRole("r", "a:read", "a:write")
      let client = try await world.addClient()
      _ = try await world.application.roles.grant("r", to: .application(try #require(Application.ID(client.clientID))), by: World.admin)
      let whole = try world.bearer(client)
      let part = World.bearer(try world.token("grant_type=client_credentials&scope=a:read", client.basic).token())
      for (rule, ofWhole, ofPart) in [
        ("read", "200", "200"), ("write", "200", "403 insufficient_permission"), ("role", "200", "403 insufficient_role"),
      ] {
        #expect(try world.nginx(rule, whole).decision == ofWhole)
        #expect(try world.nginx(rule, part).decision == ofPart)
      }
    }
  }

  @Test("a token for another service is refused, unless the rule names that service")
  func audience() async throws {
    try await World.run(Rules.of(#"{"name":"plain"}"#, #"{"name":"api","audience":"https://api.example.com"}"#)) { world in
      let client = try await world.addClient(audiences: ["https://api.example.com"])
      let token = World.bearer(try world.token("grant_type=client_credentials&resource=https://api.example.com", client.basic).token())
      #expect(try world.nginx("plain", token).decision == "403 wrong_audience")
      #expect(try world.nginx("api", token).decision == "200")
      #expect(try world.nginx("api", try world.bearer(client)).decision == "200")
    }
  }

  @Test("an old or weak sign-in is sent back; a key never proved a factor")
  func freshness() async throws {
    try await World.run(Rules.of(#"{"name":"fresh","maxAge":300}"#, #"{"name":"strong","acr":"aal3"}"#)) { world in
      let client = try await world.addClient()
      let token = World.bearer(try world.signedIn(try await world.addPerson(), client).token())
      #expect(try world.nginx("fresh", token).decision == "200")
      #expect(try world.nginx("strong", token).decision == "401 step_up_required")
      world.clock.advance(by: .seconds(301))
      let old = try world.nginx("fresh", token)
      #expect(old.decision == "401 reauthentication_required")
      #expect(old["WWW-Authenticate"] == #"Bearer error="insufficient_user_authentication", max_age="300""#)
      #expect(try world.nginx("fresh", client.key).decision == "401 reauthentication_required")
    }
  }

  @Test("a rule may ask for a signed identity, which is good for its service and for no door of ours")
  func identityToken() async throws {
    try await World.run(Rules.of(#"{"name":"up","identityToken":"https://up.example.com"}"#, #"{"name":"any"}"#)) { world in
      try await world.addRole("clerk", "invoices:read")
      let client = try await world.addClient()
      let ada = try await world.addPerson(roles: ["clerk"])
      let bearer = World.bearer(try world.signedIn(ada, client).token())
      let text = try #require(try world.nginx("up", bearer).identity()["Token"])
      let token = try Token(text)
      #expect(try token.isSigned(byKeyOf: world.call("GET", "/.well-known/jwks.json").json))
      #expect(token.header["typ"]?.string == "cf-id+jwt" && token.claims["token_use"]?.string == "identity")
      #expect(token.claims["aud"]?.string == "https://up.example.com" && token.claims["sub"]?.string == ada.id)
      #expect(token.claims["roles"]?.strings == ["clerk"])
      #expect(try #require(token.claims["exp"]?.integer) - #require(token.claims["iat"]?.integer) == 60)
      #expect(try world.nginx("up", bearer).identity()["Token"] == text)
      #expect(try world.nginx("any", bearer).identity()["Token"] == "")
      world.clock.advance(by: .seconds(31))
      let later = try #require(try world.nginx("up", bearer).identity()["Token"])
      #expect(later != text)
      for door in [try world.nginx("any", World.bearer(later)), try world.me(later), try world.post("/auth", "{}", World.bearer(later))] {
        #expect(door.status == 401, "\(door)")
      }
    }
  }

  @Test("pace is kept by credential, and said in each gateway's words")
  func pace() async throws {
    try await World.run([
      "pace.enabled": "true", "pace.decisions.perMinute": "1", "pace.decisions.burst": "2",
      "proxies": #"[{"networks":["127.0.0.1"],"dialect":"x-forwarded-for"}]"#,
    ]) { world in
      let client = try await world.addClient()
      let other = try await world.addClient("other")
      for _ in 0..<2 { #expect(try world.nginx("authenticated", client.key).decision == "200") }
      let limited = try world.nginx("authenticated", client.key)
      #expect(limited.decision == "403 rate_limited" && limited["Retry-After"] == "60")
      #expect(try world.call("GET", "/authz/forward/authenticated", [client.key]).decision == "429 rate_limited")
      #expect(try world.call("GET", "/authz/envoy/authenticated/x", [client.key]).decision == "429 rate_limited")
      #expect(try world.nginx("authenticated", other.key).decision == "200")
      for _ in 0..<2 { #expect(try world.nginx("authenticated", ("X-Forwarded-For", "192.0.2.1")).decision == "401 no_credentials") }
      #expect(try world.nginx("authenticated", ("X-Forwarded-For", "8.8.8.8, 192.0.2.1")).decision == "403 rate_limited")
      #expect(try world.nginx("authenticated", ("X-Forwarded-For", "192.0.2.2")).decision == "401 no_credentials")
    }
  }

  @Test("without its store it decides what it remembers, and denies the rest in each gateway's words")
  func unavailable() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let other = try await world.addClient("other")
      #expect(try world.nginx("authenticated", client.key).decision == "200")
      await world.application.database.close()
      #expect(try world.nginx("authenticated", client.key).decision == "200")
      let denied = try world.nginx("authenticated", other.key)
      #expect(denied.decision == "403 unavailable" && denied["Retry-After"] != nil)
      #expect(try world.call("GET", "/authz/forward/authenticated", [other.key]).decision == "503 unavailable")
      #expect(try world.call("GET", "/authz/envoy/authenticated/x", [other.key]).decision == "403 unavailable")
    }
  }

  @Test("a browser without a good credential is sent to the rule's page, with where it wanted to go; nobody else is")
  func signInPage() async throws {
    let rules = Rules.of(##"{"name":"page","signInURL":"https://login.example.com/?theme=dark","permissions":["pages:read"]}"##)
    try await World.run(rules) { world in
      let client = try await world.addClient()
      let asked = [
        ("X-Forwarded-Method", "GET"), ("X-Forwarded-Host", "app.example.com"), ("X-Forwarded-Uri", "/a?x=1&return_to=//evil"),
        ("X-Forwarded-Proto", "https"),
      ]
      let html = ("Accept", "text/html,application/xhtml+xml;q=0.9")
      func ask(_ headers: [(String, String)]) throws -> Answer { try world.call("GET", "/authz/forward", headers) }
      let sent = try ask(asked + [html])
      #expect(sent.decision == "302 no_credentials")
      let wanted = "https%3A%2F%2Fapp.example.com%2Fa%3Fx%3D1%26return_to%3D%2F%2Fevil"
      #expect(sent["Location"] == "https://login.example.com/?theme=dark&return_to=\(wanted)")
      #expect(try ask(asked + [html, World.bearer("junk")]).decision == "302 invalid_token")
      #expect(try ask(asked).decision == "401 no_credentials")
      #expect(try ask([("X-Forwarded-Method", "POST")] + asked.dropFirst() + [html]).decision == "401 no_credentials")
      #expect(try ask(asked + [html, client.key]).decision == "403 insufficient_permission")
      #expect(try world.nginx("page", html).decision == "401 no_credentials")
    }
  }
}
