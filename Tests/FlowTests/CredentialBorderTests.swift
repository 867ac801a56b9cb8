import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("What keys and tokens must not become")
struct CredentialBorderTests {
  @Test("a key sent as a token, or a token as a key, is no credential, also after each was right in its own place")
  func kinds() async throws {
    try await World.run(["limits.loops": "1"]) { world in
      let client = try await world.addClient()
      let token = try world.signedIn(try await world.addPerson(), client).token()
      for _ in 0..<2 {
        #expect(try world.nginx("authenticated", ("Authorization", "Bearer \(client.apiKey)")).decision == "401 invalid_token")
        #expect(try world.nginx("authenticated", ("X-API-Key", token)).decision == "401 invalid_token")
        #expect(try world.nginx("authenticated", client.key).status == 200)
        #expect(try world.nginx("authenticated", World.bearer(token)).status == 200)
      }
    }
  }

  @Test("a user's own key ends when the operator sets the password or disables the user, and does not come back")
  func ownKeys() async throws {
    try await World.run { world in
      try await world.addRole("billing", "invoices:read")
      let client = try await world.addClient()
      for isDisabled in [true, false] {
        let name = isDisabled ? "disabled@example.com" : "reset@example.com"
        let person = try await world.addPerson(name, roles: ["billing"])
        let token = try world.signedIn(person, client).token()
        let proof = try world.proof(person, token)
        let body = #"{"name":"k","roles":["billing"],"expires_in":86400,"proof":"\#(proof)"}"#
        let key = try #require(try world.asUser("POST", "/auth/keys", token, body).json?["key"]?.string)
        #expect(try world.nginx("authenticated", ("X-API-Key", key)).status == 200)
        let accounts = world.application.accounts
        if isDisabled {
          #expect(try await accounts.setEnabled(false, name, by: World.admin))
          #expect(try await accounts.setEnabled(true, name, by: World.admin))
        } else {
          #expect(try await accounts.setPassword(Secret(copying: "another-password-2".utf8), name, by: World.admin) == .done)
        }
        #expect(try world.nginx("authenticated", ("X-API-Key", key)).status == 401)
      }
    }
  }

  @Test("a caller of introspection whose token was narrowed to a scope sees no more than that scope lets it")
  func narrowedCaller() async throws {
    try await World.run { world in
      try await world.addRole("inspector", "cf/tokens:introspect", "docs:read")
      let inspector = try await world.addClient("inspector")
      let id = try #require(Application.ID(inspector.clientID))
      _ = try await world.application.roles.grant("inspector", to: .application(id), by: World.admin)
      let token = try world.signedIn(try await world.addPerson(), try await world.addClient("web")).token()
      for (scope, isSeen) in [("docs:read", false), ("cf/tokens:introspect", true)] {
        let narrowed = try world.token("grant_type=client_credentials&scope=\(scope)", inspector.basic).token()
        let answer = try world.call(
          "POST", "/oauth/introspect", [("Content-Type", "application/x-www-form-urlencoded"), World.bearer(narrowed)],
          Array("token=\(token)".utf8))
        #expect(answer.status == 200 && answer.json?["active"]?.boolean == isSeen, "\(answer)")
      }
    }
  }

  @Test("after the active signing key is revoked, an identity token of it is handed to no service any more")
  func identityOfRevokedKey() async throws {
    let rules = #"[{"name":"signed","identityToken":"https://service.example"}]"#
    try await World.run(["authz.rules": rules, "limits.loops": "1"]) { world in
      let client = try await world.addClient()
      let before = try Token(try #require(try world.nginx("signed", client.key).identity()["Token"]))
      let kid = try #require(before.header["kid"]?.string)
      #expect(try await world.application.keyRotation.revoke(kid, by: World.admin) == .done)
      let after = try Token(try #require(try world.nginx("signed", client.key).identity()["Token"]))
      #expect(after.header["kid"]?.string != kid)
    }
  }

  @Test("a key of an application that holds roles is made only by who may give roles; a dynamic set cannot hold the administrator")
  func borrowedRoles() async throws {
    try await World.run { world in
      try await world.addRole("strong", "everything:do")
      try await world.addRole("keeper", "cf/apps:read", "cf/apps:write")
      let target = try await world.addClient("target")
      let keeper = try await world.addClient("keeper")
      let roles = world.application.roles
      _ = try await roles.grant("keeper", to: .application(try #require(Application.ID(keeper.clientID))), by: World.admin)
      let path = "/admin/v1/apps/\(target.clientID)/keys"
      let bearer = try world.bearer(keeper)
      let port = world.operationsPort
      #expect(try world.call("POST", path, [bearer, World.json], Array("{}".utf8), port: port).status == 201)
      _ = try await roles.grant("strong", to: .application(try #require(Application.ID(target.clientID))), by: World.admin)
      let refused = try world.call("POST", path, [bearer, World.json], Array("{}".utf8), port: port)
      #expect(refused.status == 403 && refused.code == "insufficient_permission")
      #expect(try await world.application.separations.add("s", .dynamic, ["admin", "strong"], by: World.admin) == .builtin)
    }
  }
}
