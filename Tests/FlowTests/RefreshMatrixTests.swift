import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Who gets nothing for a refresh token")
struct RefreshMatrixTests {
  /// What may have become of a session's principals, and what `/auth/refresh` and a Bearer door then say.
  enum Fate: String, CaseIterable, Sendable {
    case userDisabled, userDeleted, userEnabledAgain, passwordSet, applicationDisabled, applicationDeleted, loggedOut

    var refreshCodes: Set<String> {
      switch self {
      case .userDisabled, .userEnabledAgain, .passwordSet, .loggedOut: ["revoked"]
      case .userDeleted: ["invalid_token"]
      case .applicationDisabled, .applicationDeleted: ["invalid_api_key"]
      }
    }
  }

  @Test("ended, disabled, deleted: neither the current token nor its predecessor gives anything at any door", arguments: Fate.allCases)
  func fates(fate: Fate) async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let first = try world.signedIn(person, client)
      let second = try world.refresh(first.refresh(), client)
      try await befall(fate, world, person, client, second)
      for token in [try second.refresh(), try first.refresh()] {
        let answer = try world.refresh(token, client)
        #expect(answer.status == 401 && fate.refreshCodes.contains(answer.code ?? ""), "\(fate): \(answer)")
        let form = try world.token("grant_type=refresh_token&refresh_token=\(token)", client.basic)
        let expected = fate == .applicationDisabled || fate == .applicationDeleted ? "invalid_client" : "invalid_grant"
        #expect(form.json?["error"]?.string == expected, "\(fate): \(form)")
      }
      for call in [("GET", "/auth/me"), ("GET", "/auth/sessions"), ("DELETE", "/auth/sessions"), ("POST", "/auth/logout")] {
        let answer = try world.asUser(call.0, call.1, second.token())
        #expect(answer.status == 401 && answer.code == "revoked", "\(fate) \(call): \(answer)")
      }
      for call in ["/auth/step-up", "/auth/keys"] {
        #expect(try world.asUser("POST", call, second.token(), "{}").status == 401, "\(fate) \(call)")
      }
    }
  }

  private func befall(_ fate: Fate, _ world: World, _ person: Person, _ client: Client, _ answer: Answer) async throws {
    let accounts = world.application.accounts
    let applications = world.application.applications
    switch fate {
    case .userDisabled: #expect(try await accounts.setEnabled(false, person.name, by: World.admin))
    case .userEnabledAgain:
      #expect(try await accounts.setEnabled(false, person.name, by: World.admin))
      #expect(try await accounts.setEnabled(true, person.name, by: World.admin))
    case .userDeleted: #expect(try await accounts.delete(person.name, by: World.admin))
    case .passwordSet:
      let password = Secret(copying: "another long password".utf8)
      #expect(try await accounts.setPassword(password, person.name, by: World.admin) == .done)
    case .applicationDisabled:
      #expect(try await applications.change(client.name, Applications.Change(isEnabled: false), by: World.admin))
    case .applicationDeleted: #expect(try await applications.delete(client.name, by: World.admin))
    case .loggedOut: #expect(try world.asUser("POST", "/auth/logout", answer.token()).status == 204)
    }
  }

  @Test("another application is refused, whichever token it brings, and nothing is consumed or ended by that")
  func otherApplication() async throws {
    try await World.run(["clients.required": "false"]) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let other = try await world.addClient("other")
      let first = try world.signedIn(person, client)
      let second = try world.refresh(first.refresh(), client)
      world.clock.advance(by: .seconds(60))
      for token in [try first.refresh(), try second.refresh()] {
        #expect(try world.refresh(token, other).code == "invalid_token")
        #expect(try world.post("/auth/refresh", World.refreshBody(token)).code == "invalid_token")
        let form = try world.token("grant_type=refresh_token&refresh_token=\(token)", other.basic)
        #expect(form.status == 400 && form.json?["error"]?.string == "invalid_grant", "\(form)")
      }
      #expect(try world.refresh(second.refresh(), client).status == 200)
    }
  }

  @Test("what is no refresh token, or one that was made up for a session, is refused and ends nothing")
  func madeUp() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let answer = try world.signedIn(person, client)
      let token = try answer.refresh()
      let forged = try #require(Forgery.refreshToken(session: answer.sessionID ?? ""))
      for text in ["", "cfr_", String(token.dropLast()), token.uppercased(), token + "a", client.apiKey, forged] {
        let refused = try world.refresh(text, client)
        #expect(refused.status == 401 && refused.code == "invalid_token", "\(text): \(refused)")
      }
      #expect(try world.post("/auth/refresh", World.refreshBody(token)).code == "client_required")
      for body in [#"{}"#, #"{"refresh_token":1}"#, #"{"refresh_token":"a","x":1}"#, "[]"] {
        let refused = try world.post("/auth/refresh", body, client.key)
        #expect(refused.status == 400 && refused.code == "invalid_request", "\(body): \(refused)")
      }
      #expect(try world.refresh(token, client).status == 200)
    }
  }

  @Test("grant_type=refresh_token answers as RFC 6749 has it, rotates alike, and tells theft as invalid_grant")
  func oauth() async throws {
    try await World.run { world in
      try await world.addRole("billing", "invoices:read", "invoices:write")
      let (person, client) = (try await world.addPerson(roles: ["billing"]), try await world.addClient())
      let first = try world.signedIn(person, client).refresh()
      func grant(_ token: String, _ more: String = "") throws -> Answer {
        try world.token("grant_type=refresh_token&refresh_token=\(token)\(more)", client.basic)
      }
      #expect(try grant(first, "&scope=invoices:read").json?["error"]?.string == "invalid_scope")
      #expect(try grant(first, "&scope=other:read").json?["error"]?.string == "invalid_scope")
      let second = try grant(first, "&scope=invoices:write+invoices:read")
      #expect(second.status == 200, "\(second)")
      #expect(second.json?.names == ["access_token", "token_type", "expires_in", "refresh_token", "scope"])
      #expect(second.json?["scope"]?.string == "invoices:read invoices:write")
      #expect(try world.refresh(first, client).refreshToken == second.refreshToken)
      #expect(try world.me(second.token()).status == 200)
      #expect(try world.refresh(second.refresh(), client).status == 200)
      #expect(try grant(first).json?["error"]?.string == "invalid_grant")
      #expect(try world.me(second.token()).code == "revoked")
      #expect(try world.token("grant_type=refresh_token", client.basic).json?["error"]?.string == "invalid_request")
      #expect(try world.token("grant_type=refresh_token&refresh_token=\(first)").json?["error"]?.string == "invalid_client")
    }
  }
}
