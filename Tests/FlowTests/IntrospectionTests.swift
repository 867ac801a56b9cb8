import Cryptography
import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Asking about tokens, and revoking them")
struct IntrospectionTests {
  private func ask(_ world: World, _ path: String, _ token: String, _ headers: (String, String)..., more: String = "") throws -> Answer {
    try world.call("POST", "/oauth/\(path)", [World.formType] + headers, Array("token=\(token)\(more)".utf8))
  }

  private func isActive(_ world: World, _ token: String, _ caller: Client) throws -> Bool {
    let answer = try ask(world, "introspect", token, caller.basic)
    #expect(answer.status == 200, "\(answer)")
    if answer.json?["active"]?.boolean == true { return true }
    #expect(answer.text == #"{"active":false}"#)
    return false
  }

  private func access(_ bearer: (String, String)) -> String { String(bearer.1.dropFirst(7)) }

  private func client(_ world: World, _ name: String, role: String) async throws -> Client {
    let client = try await world.addClient(name)
    let id = try #require(try await world.application.applications.application(named: name)?.id)
    _ = try await world.application.roles.grant(.named(role), to: .application(id), by: World.admin)
    return client
  }

  @Test("RFC 7662, section 2.2: an active token shows whose it is, for whom, until when, and what its holder may do now")
  func active() async throws {
    try await World.run { world in
      try await world.addRole("reader", "docs:read")
      let person = try await world.addPerson(roles: ["reader"])
      let client = try await world.addClient()
      let signedIn = try world.signedIn(person, client)
      let token = try signedIn.token()
      for caller in [[client.basic], [client.key], [try world.bearer(client)]] {
        let body = Array("token=\(token)&token_type_hint=refresh_token".utf8)
        let json = try #require(try world.call("POST", "/oauth/introspect", [World.formType] + caller, body).json)
        let claims = try Token(token).claims
        #expect(json["active"]?.boolean == true)
        for name in ["iss", "sub", "aud", "jti", "client_id", "sid", "acr", "scope"] { #expect(json[name]?.string == claims[name]?.string) }
        for name in ["exp", "iat"] { #expect(json[name]?.integer == claims[name]?.integer) }
        #expect(json["username"]?.string == person.name)
        #expect(json["token_type"]?.string == "Bearer")
      }
      let refresh = try #require(signedIn.json?["refresh_token"]?.string)
      let json = try #require(try ask(world, "introspect", refresh, client.basic).json)
      #expect(json["active"]?.boolean == true && json["token_use"]?.string == "refresh")
      let names = ["exp", "iat", "sub", "client_id", "scope", "jti", "token_type", "username", "sid"]
      #expect(names.allSatisfy { json[$0] != nil })
      // Of now, not of when the token was made.
      _ = try await world.application.roles.revoke("reader", from: .account(try #require(Account.ID(person.id))), by: World.admin)
      #expect(try ask(world, "introspect", token, client.basic).json?["scope"]?.string == "")
    }
  }

  @Test("unknown, foreign, malformed, expired and revoked tokens are inactive, and nothing more is said")
  func inactive() async throws {
    try await World.run { world in
      try await world.addRole("inspector", "cf/tokens:introspect")
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let other = try await world.addClient("other")
      let inspector = try await self.client(world, "inspector", role: "inspector")
      let signedIn = try world.signedIn(person, client)
      let token = try signedIn.token()
      let refresh = try #require(signedIn.json?["refresh_token"]?.string)
      let own = access(try world.bearer(client))
      for good in [token, refresh, own] {
        #expect(try isActive(world, good, client) && isActive(world, good, inspector))
        #expect(try isActive(world, good, other) == false)
      }
      for bad in ["x", "a.b.c", String(token.dropLast()), token + "=", String(refresh.dropLast()), client.apiKey, client.secret] {
        #expect(try isActive(world, bad, client) == false)
      }
      world.clock.advance(by: .seconds(600))
      #expect(try isActive(world, token, client) == false && isActive(world, own, client) == false)
      #expect(try isActive(world, refresh, client))
      #expect(try await world.application.accounts.setEnabled(false, person.name, by: World.admin))
      #expect(try isActive(world, refresh, client) == false)
    }
  }

  @Test("an application sees the tokens for an audience of its own")
  func audience() async throws {
    try await World.run { world in
      let client = try await world.addClient("web", audiences: ["https://api.example.com"])
      let api = try await world.addClient("api", audiences: ["https://api.example.com"])
      let token = try world.token("grant_type=client_credentials&resource=https://api.example.com", client.basic).token()
      #expect(try isActive(world, token, api))
      #expect(try ask(world, "introspect", token, api.basic).json?["aud"]?.string == "https://api.example.com")
    }
  }

  @Test("asking and revoking take an application that proves itself once")
  func authentication() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let bearer = try world.bearer(client)
      for path in ["introspect", "revoke"] {
        let none = try ask(world, path, "x")
        #expect(none.status == 401 && none.json?["error"]?.string == "invalid_client")
        #expect(none["WWW-Authenticate"] != nil)
        #expect(try ask(world, path, "x", ("X-API-Key", "cfk_x")).status == 401)
        #expect(try ask(world, path, "x", ("Authorization", "Bearer x.y.z")).status == 401)
        #expect(try ask(world, path, "x", bearer, client.key).json?["error"]?.string == "invalid_request")
        #expect(try ask(world, path, "x", client.basic, client.key).status == 400)
        #expect(try ask(world, path, "x", client.basic, more: "&token=y").status == 400)
        #expect(try ask(world, path, "", client.basic).json?["error"]?.string == "invalid_request")
        #expect(try ask(world, path, "x", more: "&\(client.form)").status == 200)
      }
    }
  }

  @Test("RFC 7009, section 2: revoking a user's token, access or refresh, ends the session at every door")
  func revokeSession() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      for name in ["access_token", "refresh_token"] {
        let signedIn = try world.signedIn(person, client)
        let token = try signedIn.token()
        let given = try #require(signedIn.json?[name]?.string)
        #expect(try world.me(token).status == 200)
        #expect(try ask(world, "revoke", given, client.basic).status == 200)
        #expect(try world.me(token).code == "revoked")
        #expect(try isActive(world, token, client) == false)
        let refresh = try #require(signedIn.json?["refresh_token"]?.string)
        let answer = try world.call(
          "POST", "/auth/refresh", [World.json, client.key], Array(#"{"refresh_token":"\#(refresh)"}"#.utf8))
        #expect(answer.status == 401)
        #expect(try ask(world, "revoke", given, client.basic).status == 200, "again is as good")
      }
    }
  }

  @Test("RFC 7009, section 2.1: another application's token is refused and stays; an unknown one is 200")
  func revokeForeign() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let other = try await world.addClient("other")
      let signedIn = try world.signedIn(person, client)
      let token = try signedIn.token()
      let refresh = try #require(signedIn.json?["refresh_token"]?.string)
      for given in [token, refresh] {
        let answer = try ask(world, "revoke", given, other.basic)
        #expect(answer.status == 400 && answer.json?["error"]?.string == "unauthorized_client")
      }
      // The right session with a secret that it never had.
      let forged = OpaqueCredential(.refreshToken, for: try #require(Session.ID(signedIn.json?["session_id"]?.string ?? ""))).text
      for unknown in ["x", "a.b.c", forged] { #expect(try ask(world, "revoke", unknown, client.basic).status == 200) }
      #expect(try world.me(token).status == 200)
    }
  }

  @Test("an application's own token ends alone, at every door, and stays so over a restart and a clock stepped back")
  func revokeOwn() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let (first, second) = (try world.bearer(client), try world.bearer(client))
      func code(_ bearer: (String, String)) throws -> String? {
        try world.call("POST", "/auth", [World.json, bearer], Array("{}".utf8)).code
      }
      #expect(try code(first) == "invalid_request")
      #expect(try ask(world, "revoke", access(first), client.basic).status == 200)
      #expect(try code(first) == "invalid_client_token")
      #expect(try isActive(world, access(first), client) == false)
      #expect(try ask(world, "introspect", access(second), first).status == 401)
      #expect(try code(second) == "invalid_request")
      world.clock.advance(by: .hours(-1))
      await world.close()
      let application = try await CredentialFlow.Application.open(
        world.installation, configuration: try world.installation.load().configuration, now: world.clock.now)
      world.clock.advance(by: .hours(1))
      let revoked = try await RevokedTokens.load(application.database)
      #expect(revoked.contains(try Token(access(first)).claims["jti"]?.string ?? ""))
      #expect(revoked.contains(try Token(access(second)).claims["jti"]?.string ?? "") == false)
      await application.close()
    }
  }
}
