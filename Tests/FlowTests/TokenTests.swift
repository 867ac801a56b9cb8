import Cryptography
import Identity
import JSON
import Primitives
import Testing
import Tokens

@testable import CredentialFlow

@Suite("Tokens over HTTP")
struct TokenTests {
  @Test("a user's token holds exactly the contract's claims and is signed by a published key", arguments: SigningAlgorithm.allCases)
  func userClaims(_ algorithm: SigningAlgorithm) async throws {
    try await World.run { world in
      try await world.addRole("billing", "invoices:read", "invoices:write")
      let person = try await world.addPerson(roles: ["billing"])
      let client = try await world.addClient()
      let change = Applications.Change(algorithm: algorithm, tokenType: .jwt)
      #expect(try await world.application.applications.change("gateway", change, by: World.admin))
      let answer = try world.signedIn(person, client)
      let token = try Token(answer)
      #expect(token.header.names.sorted() == ["alg", "kid", "typ"])
      #expect(token.header["alg"]?.string == algorithm.rawValue)
      #expect(token.header["typ"]?.string == "JWT")
      let claims = token.claims
      #expect(
        Set(claims.names) == [
          "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id", "roles", "permissions", "scope", "token_use", "sid", "auth_time",
          "amr", "acr",
        ])
      let now = world.clock.now().unixSeconds
      #expect(claims["iss"]?.string == World.issuer)
      #expect(claims["sub"]?.string == person.id)
      #expect(claims["aud"]?.string == World.issuer)
      #expect(claims["iat"]?.integer == now)
      #expect(claims["nbf"]?.integer == now)
      #expect(claims["exp"]?.integer == now + 600)
      #expect(claims["auth_time"]?.integer == now)
      #expect(claims["client_id"]?.string == client.clientID)
      #expect(claims["roles"]?.strings == ["billing"])
      #expect(claims["permissions"]?.strings == ["invoices:read", "invoices:write"])
      #expect(claims["scope"]?.string == "invoices:read invoices:write")
      #expect(claims["token_use"]?.string == "access")
      #expect(claims["sid"]?.string == answer.json?["session_id"]?.string)
      #expect(claims["amr"]?.strings == ["pwd", "otp", "mfa"])
      #expect(claims["acr"]?.string == "aal2")
      let keys = try world.call("GET", "/.well-known/jwks.json")
      #expect(try token.isSigned(byKeyOf: keys.json))
    }
  }

  @Test("the standard type is at+jwt under ES256")
  func standardHeader() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let token = try Token(world.signedIn(person, try await world.addClient()))
      #expect(token.header["typ"]?.string == "at+jwt")
      #expect(token.header["alg"]?.string == "ES256")
      #expect(token.text.utf8.count <= 4096)
    }
  }

  @Test("permissions that do not fit into 4 KiB are left out, and the token says so")
  func omittedPermissions() async throws {
    try await World.run { world in
      #expect(
        try await world.application.roles.add(
          "wide", description: "", permissions: (0..<200).compactMap { Permission("some/rather/long/resource/\($0):action") },
          by: World.admin) == .done)
      let person = try await world.addPerson(roles: ["wide"])
      let token = try Token(world.signedIn(person, try await world.addClient()))
      #expect(token.text.utf8.count <= 4096)
      #expect(token.claims["permissions_omitted"]?.boolean == true)
      #expect(token.claims["permissions"] == nil)
      #expect(token.claims["roles"]?.strings == ["wide"])
    }
  }

  @Test("the key set has caching headers, answers 304 to its ETag, and holds no private number")
  func keySet() async throws {
    try await World.run { world in
      let answer = try world.call("GET", "/.well-known/jwks.json")
      #expect(answer.status == 200)
      #expect(answer["Cache-Control"]?.hasPrefix("public, max-age=") == true)
      let keys = try #require(answer.json?["keys"]?.elements)
      #expect(Set(keys.compactMap { $0["alg"]?.string }) == ["ES256", "RS256", "EdDSA"])
      for key in keys {
        #expect(["kty", "kid", "use", "alg"].allSatisfy { key[$0] != nil })
        #expect(["d", "p", "q", "dp", "dq", "qi", "k"].allSatisfy { key[$0] == nil })
      }
      let tag = try #require(answer["ETag"])
      #expect(try world.call("GET", "/.well-known/jwks.json", [("If-None-Match", tag)]).status == 304)
      #expect(try world.call("GET", "/.well-known/jwks.json", [("If-None-Match", "\"other\"")]).status == 200)
    }
  }

  @Test("the server's metadata names what it does")
  func metadata() async throws {
    try await World.run { world in
      let json = try #require(try world.call("GET", "/.well-known/oauth-authorization-server").json)
      #expect(json["issuer"]?.string == World.issuer)
      #expect(json["token_endpoint"]?.string == World.issuer + "/oauth/token")
      #expect(json["jwks_uri"]?.string == World.issuer + "/.well-known/jwks.json")
      #expect(json["grant_types_supported"]?.strings == ["client_credentials", "refresh_token"])
    }
  }

  @Test("client credentials by Basic and by form give an application's token without a session")
  func clientCredentials() async throws {
    try await World.run { world in
      try await world.addRole("service", "models:invoke", "models:read")
      let client = try await world.addClient(audiences: ["https://api.example.com"])
      let id = try #require(try await world.application.applications.application(named: "gateway")?.id)
      _ = try await world.application.roles.grant("service", to: .application(id), by: World.admin)
      for answer in [
        try world.token("grant_type=client_credentials", client.basic), try world.token("grant_type=client_credentials&\(client.form)"),
      ] {
        #expect(answer.status == 200, "\(answer)")
        #expect(answer["Cache-Control"] == "no-store")
        #expect(answer.json?["token_type"]?.string == "Bearer")
        #expect(answer.json?["expires_in"]?.integer == 600)
        #expect(answer.json?["refresh_token"] == nil)
        #expect(answer.json?["scope"]?.string == "models:invoke models:read")
        let claims = try Token(answer).claims
        #expect(claims["sub"]?.string == client.clientID)
        #expect(claims["client_id"]?.string == client.clientID)
        #expect(claims["aud"]?.string == World.issuer)
        #expect(["sid", "amr", "acr", "auth_time"].allSatisfy { claims[$0] == nil })
        #expect(claims["token_use"]?.string == "access")
      }
      let narrow = try world.token("grant_type=client_credentials&scope=models:read", client.basic)
      #expect(try Token(narrow).claims["permissions"]?.strings == ["models:read"])
      let elsewhere = try world.token("grant_type=client_credentials&resource=https%3A%2F%2Fapi.example.com", client.basic)
      #expect(try Token(elsewhere).claims["aud"]?.string == "https://api.example.com")
    }
  }

  @Test("the token endpoint's refusals are those of RFC 6749, section 5.2")
  func tokenErrors() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let other = try await world.addClient("other")
      let grant = "grant_type=client_credentials"
      let wrong = ("Authorization", "Basic " + Base64Text.encode(Array("\(client.clientID):\(other.secret)".utf8)))
      let cases: [(Answer, Int, String)] = [
        (try world.token("", client.basic), 400, "invalid_request"),
        (try world.token("grant_type=password", client.basic), 400, "unsupported_grant_type"),
        (try world.token(grant), 401, "invalid_client"),
        (try world.token(grant, wrong), 401, "invalid_client"),
        (try world.token(grant, ("Authorization", "Basic !!!")), 401, "invalid_client"),
        (try world.token(grant, ("Authorization", "Bearer x")), 401, "invalid_client"),
        (try world.token("\(grant)&client_id=\(client.clientID)&client_secret=wrong"), 401, "invalid_client"),
        (try world.token("\(grant)&client_id=nobody&client_secret=\(client.secret)"), 401, "invalid_client"),
        (try world.token("\(grant)&\(client.form)", client.basic), 400, "invalid_request"),
        (try world.token("\(grant)&client_id=\(other.clientID)", client.basic), 400, "invalid_request"),
        (try world.token("\(grant)&grant_type=client_credentials", client.basic), 400, "invalid_request"),
        (try world.token("\(grant)&x=%zz", client.basic), 400, "invalid_request"),
        (try world.token("\(grant)&scope=models:read", client.basic), 400, "invalid_scope"),
        (try world.token("\(grant)&resource=https://elsewhere", client.basic), 400, "invalid_target"),
      ]
      for (index, (answer, status, error)) in cases.enumerated() {
        #expect(answer.status == status, "\(index): \(answer)")
        #expect(answer.json?["error"]?.string == error, "\(index): \(answer)")
        #expect((answer["WWW-Authenticate"] != nil) == (status == 401), "\(index)")
        #expect(answer["Cache-Control"] == "no-store", "\(index)")
        #expect(answer.accessToken == nil)
      }
      let twice = try world.token(grant, client.basic, client.basic)
      #expect(twice.status == 400)
      let json = try world.post("/oauth/token", #"{"grant_type":"client_credentials"}"#, client.basic)
      #expect(json.status == 415)
    }
  }
}
