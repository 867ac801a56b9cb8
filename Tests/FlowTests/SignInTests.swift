import Cryptography
import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Signing in")
struct SignInTests {
  @Test("one call with password and code answers every field of the contract")
  func oneCall() async throws {
    try await World.run { world in
      try await world.addRole("billing", "invoices:read", "invoices:write")
      let person = try await world.addPerson(roles: ["billing"])
      let client = try await world.addClient()
      let answer = try world.auth(person.oneCall(person.code(world.clock)), client, ("X-Request-ID", "demo-1"))
      #expect(answer.status == 200, "\(answer)")
      #expect(answer["X-Auth-Outcome"] == "ok")
      #expect(answer["X-Request-ID"] == "demo-1")
      #expect(answer["Cache-Control"] == "no-store")
      #expect(answer["Content-Type"] == "application/json")
      let json = try #require(answer.json)
      #expect(
        json.names == [
          "access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in", "session_id", "device_token", "user",
          "roles", "permissions", "amr", "acr", "request_id",
        ])
      #expect(json["token_type"]?.string == "Bearer")
      #expect(json["expires_in"]?.integer == 600)
      #expect(json["refresh_expires_in"]?.integer == 1_209_600)
      #expect(json["refresh_token"]?.string?.hasPrefix("cfr_") == true)
      #expect(json["device_token"]?.string?.hasPrefix("cfd_") == true)
      #expect(json["user"]?["id"]?.string == person.id)
      #expect(json["user"]?["username"]?.string == "user@example.com")
      #expect(json["roles"]?.strings == ["billing"])
      #expect(json["permissions"]?.strings == ["invoices:read", "invoices:write"])
      #expect(json["amr"]?.strings == ["pwd", "otp", "mfa"])
      #expect(json["acr"]?.string == "aal2")
      #expect(json["request_id"]?.string == "demo-1")
    }
  }

  @Test("two calls: the password alone gives a challenge, the code for it gives the session")
  func twoCalls() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let first = try world.auth(person.body(), client)
      #expect(first.status == 401)
      #expect(first.code == "mfa_required")
      #expect(first["X-Auth-Outcome"] == "mfa_required")
      #expect(first["WWW-Authenticate"] != nil)
      #expect(first.json?["methods"]?.strings == ["totp", "recovery_code"])
      #expect(first.json?["expires_in"]?.integer == 300)
      #expect(first.accessToken == nil)
      let challenge = try #require(first.challenge)
      #expect(challenge.hasPrefix("cfc_"))
      let second = try world.answer(challenge, person.code(world.clock), client)
      #expect(second.status == 200, "\(second)")
      #expect(second["X-Auth-Outcome"] == "ok")
      #expect(try world.me(second.token()).status == 200)
    }
  }

  @Test("a username is found in any spelling that folds to it")
  func foldedUsername() async throws {
    try await World.run { world in
      let person = try await world.addPerson("User@Example.com")
      let client = try await world.addClient()
      let body = #"{"username":"USER@EXAMPLE.COM","password":"\#(person.password)"}"#
      #expect(try world.auth(body, client).code == "mfa_required")
    }
  }

  @Test("every sign-in has a session, token ids, refresh and device token of its own")
  func freshIdentifiers() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let answers = [try world.signedIn(person, client), try world.signedIn(person, client)]
      for name in ["access_token", "refresh_token", "session_id", "device_token"] {
        #expect(Set(answers.compactMap { $0.json?[name]?.string }).count == 2, "\(name)")
      }
      let ids = try answers.map { try Token($0).claims["jti"]?.string }
      #expect(Set(ids.compactMap { $0 }).count == 2)
    }
  }

  @Test("GET /auth/me says who, what session, what roles, what factors")
  func me() async throws {
    try await World.run { world in
      try await world.addRole("billing", "invoices:read")
      let person = try await world.addPerson(roles: ["billing"])
      let client = try await world.addClient()
      let answer = try world.signedIn(person, client)
      let me = try world.me(answer.token())
      #expect(me.status == 200)
      let json = try #require(me.json)
      #expect(json["user"]?["id"]?.string == person.id)
      #expect(json["session"]?["id"]?.string == answer.json?["session_id"]?.string)
      #expect(json["session"]?["acr"]?.string == "aal2")
      #expect(json["roles"]?.strings == ["billing"])
      #expect(json["permissions"]?.strings == ["invoices:read"])
      #expect(Set(json["factors"]?.elements?.compactMap { $0["method"]?.string } ?? []) == ["totp", "recovery_code"])
      #expect(!me.text.contains("secret"))
      // Roles change on the next call, without a new token.
      let account = try #require(try await world.application.accounts.account(named: person.name))
      _ = try await world.application.roles.revoke("billing", from: .account(account.id), by: World.admin)
      #expect(try world.me(answer.token()).json?["roles"]?.strings == [])
    }
  }

  @Test("GET /auth/me refuses no token, a malformed one, an application's and an expired one, each with its challenge")
  func meRefuses() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let none = try world.call("GET", "/auth/me")
      #expect(none.status == 401 && none.code == "invalid_token" && none["WWW-Authenticate"] == "Bearer")
      #expect(try world.me("x.y.z").code == "invalid_token")
      #expect(try world.call("GET", "/auth/me", [try world.bearer(client)]).code == "invalid_token")
      let token = try world.signedIn(person, client).token()
      world.clock.advance(by: .seconds(599))
      #expect(try world.me(token).status == 200)
      world.clock.advance(by: .seconds(1))
      let expired = try world.me(token)
      #expect(expired.status == 401 && expired.code == "expired")
      #expect(expired["WWW-Authenticate"]?.contains("invalid_token") == true)
    }
  }

  @Test("liveness on both listeners; readiness on the operator's alone")
  func health() async throws {
    try await World.run { world in
      #expect(try world.call("GET", "/healthz").status == 200)
      #expect(try world.call("HEAD", "/healthz").status == 200)
      let ready = try world.call("GET", "/readyz", port: world.operationsPort)
      #expect(ready.status == 200 && ready.json?["status"]?.string == "ready")
      #expect(try world.call("GET", "/readyz").status == 404)
      #expect(try world.call("POST", "/auth", port: world.operationsPort).status == 404)
      let wrongMethod = try world.call("GET", "/auth")
      #expect(wrongMethod.status == 405 && wrongMethod["Allow"]?.contains("POST") == true)
    }
  }
}
