import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Which application calls")
struct ClientTests {
  /// What `POST /auth` answers to these headers, for a body with a right password: `mfa_required` means that the application
  /// was taken.
  private func code(_ world: World, _ person: Person, _ headers: (String, String)...) throws -> String? {
    let answer = try world.call("POST", "/auth", [World.json] + headers, Array(person.body().utf8))
    #expect(answer.status == 401)
    #expect(answer["WWW-Authenticate"] != nil)
    #expect(answer["X-Auth-Outcome"] == answer.code)
    return answer.code
  }

  @Test("an application's token, its key, or both of one application are taken; anything else has its own refusal")
  func credentials() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let other = try await world.addClient("other", audiences: ["https://api.example.com"])
      let bearer = try world.bearer(client)
      #expect(try code(world, person, bearer) == "mfa_required")
      #expect(try code(world, person, client.key) == "mfa_required")
      #expect(try code(world, person, bearer, client.key) == "mfa_required")
      #expect(try code(world, person) == "client_required")
      #expect(try code(world, person, bearer, other.key) == "client_mismatch")
      #expect(try code(world, person, ("Authorization", "Bearer x.y.z")) == "invalid_client_token")
      #expect(try code(world, person, ("Authorization", "Bearer")) == "invalid_client_token")
      #expect(try code(world, person, client.basic) == "invalid_client_token")
      #expect(try code(world, person, ("Authorization", "Bearer x.y.z"), client.key) == "invalid_client_token")
      #expect(try code(world, person, ("X-API-Key", "cfk_nonsense")) == "invalid_api_key")
      #expect(try code(world, person, ("X-API-Key", client.secret)) == "invalid_api_key")
      #expect(try code(world, person, bearer, ("X-API-Key", "cfk_nonsense")) == "invalid_api_key")
      let elsewhere = try world.token("grant_type=client_credentials&resource=https://api.example.com", other.basic)
      #expect(try code(world, person, ("Authorization", "Bearer \(elsewhere.token())")) == "invalid_client_token")
    }
  }

  @Test("a user's token is no application's, and a signature with one changed character is nobody's")
  func usersToken() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let token = try world.signedIn(person, client).token()
      #expect(try code(world, person, ("Authorization", "Bearer \(token)")) == "invalid_client_token")
      let bearer = try world.bearer(client).1
      let changed = bearer.dropLast(10) + (bearer.suffix(10).first == "A" ? "B" : "A") + bearer.suffix(9)
      #expect(try code(world, person, ("Authorization", String(changed))) == "invalid_client_token")
    }
  }

  @Test("an application's token ends after its time")
  func expiredToken() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let bearer = try world.bearer(try await world.addClient())
      world.clock.advance(by: .seconds(599))
      #expect(try code(world, person, bearer) == "mfa_required")
      world.clock.advance(by: .seconds(1))
      #expect(try code(world, person, bearer) == "invalid_client_token")
    }
  }

  @Test("with clients.required false a sign-in goes without an application, but a wrong one is still refused")
  func notRequired() async throws {
    try await World.run(["clients.required": "false"]) { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let answer = try world.post("/auth", person.oneCall(person.code(world.clock)))
      #expect(answer.status == 200, "\(answer)")
      #expect(try world.me(answer.token()).status == 200)
      #expect(try code(world, person, ("X-API-Key", "cfk_nonsense")) == "invalid_api_key")
      #expect(try code(world, person, ("Authorization", "Bearer x")) == "invalid_client_token")
      // What began without an application goes on without one only.
      let challenge = try #require(try world.post("/auth", person.body()).challenge)
      world.clock.advance(by: .seconds(60))
      #expect(try world.answer(challenge, person.code(world.clock), client).code == "invalid_challenge")
    }
  }

  @Test("a disabled application gets nothing at any door, its users' sessions neither; enabled again it goes on")
  func disabledApplication() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let bearer = try world.bearer(client)
      let token = try world.signedIn(person, client).token()
      let challenge = try world.challenge(person, client)
      let applications = world.application.applications
      #expect(try await applications.change("gateway", Applications.Change(isEnabled: false), by: World.admin))
      #expect(try code(world, person, bearer) == "invalid_client_token")
      #expect(try code(world, person, client.key) == "invalid_api_key")
      #expect(try world.token("grant_type=client_credentials", client.basic).json?["error"]?.string == "invalid_client")
      #expect(try world.answer(challenge, person.code(world.clock, steps: 1), client).code == "invalid_api_key")
      #expect(try world.me(token).code == "revoked")
      #expect(try await applications.change("gateway", Applications.Change(isEnabled: true), by: World.admin))
      #expect(try code(world, person, bearer) == "mfa_required")
      #expect(try world.me(token).status == 200)
    }
  }

  @Test("a deleted application gets nothing at any door, and its users' sessions are gone")
  func deletedApplication() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let bearer = try world.bearer(client)
      let token = try world.signedIn(person, client).token()
      #expect(try await world.application.applications.delete("gateway", by: World.admin))
      #expect(try code(world, person, bearer) == "invalid_client_token")
      #expect(try code(world, person, client.key) == "invalid_api_key")
      #expect(try world.token("grant_type=client_credentials", client.basic).status == 401)
      #expect(try world.me(token).code == "revoked")
    }
  }

  @Test("a key ends when it is revoked, rotated or over; others of the application go on")
  func keys() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let keys = world.application.apiKeys
      let brief = try #require(try await keys.add(to: "gateway", lifetime: .seconds(60), by: World.admin))
      #expect(try code(world, person, ("X-API-Key", brief.text)) == "mfa_required")
      world.clock.advance(by: .seconds(60))
      #expect(try code(world, person, ("X-API-Key", brief.text)) == "invalid_api_key")
      let successor = try #require(try await keys.rotate(client.keyID, by: World.admin))
      #expect(try code(world, person, client.key) == "invalid_api_key")
      #expect(try code(world, person, ("X-API-Key", successor.text)) == "mfa_required")
      #expect(try await keys.rotate(client.keyID, by: World.admin) == nil)
      #expect(try await keys.revoke(successor.id, by: World.admin))
      #expect(try await keys.revoke(successor.id, by: World.admin) == false)
      #expect(try code(world, person, ("X-API-Key", successor.text)) == "invalid_api_key")
      #expect(try code(world, person, try world.bearer(client)) == "mfa_required")
    }
  }

  @Test("an application may ask for its own audiences only; a token for another audience opens no door of ours")
  func audiences() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient(audiences: ["https://api.example.com"])
      let refused = try world.auth(
        person.oneCall(person.code(world.clock), #","audience":"https://other.example.com""#), client)
      #expect(refused.status == 400 && refused.code == "invalid_request" && refused.pointer == "/audience")
      // The code was not consumed.
      let answer = try world.auth(person.oneCall(person.code(world.clock), #","audience":"https://api.example.com""#), client)
      #expect(answer.status == 200, "\(answer)")
      #expect(try Token(answer).claims["aud"]?.string == "https://api.example.com")
      #expect(try world.me(answer.token()).code == "invalid_token")
      world.clock.advance(by: .seconds(60))
      let challenge = try world.challenge(person, client, #","audience":"https://api.example.com""#)
      let second = try world.answer(challenge, person.code(world.clock), client)
      #expect(try Token(second).claims["aud"]?.string == "https://api.example.com")
      world.clock.advance(by: .seconds(60))
      let ours = try world.auth(person.oneCall(person.code(world.clock), #","audience":"\#(World.issuer)""#), client)
      #expect(ours.status == 200)
      // What is taken away is not given anew, nor to who had begun before, and what is given back is.
      let begun = try world.challenge(person, client, #","audience":"https://api.example.com""#)
      for (audiences, status) in [("", 401), ("https://api.example.com", 200)] {
        #expect(await world.command("app", "set", client.name, "--audience", audiences).status == .done)
        #expect(try world.refresh(second.refresh(), client).status == status, "\(audiences)")
        #expect(try world.refresh(ours.refresh(), client).status == 200)
        if audiences.isEmpty { #expect(try world.answer(begun, person.code(world.clock), client).code == "invalid_challenge") }
      }
      world.clock.advance(by: .seconds(60))
      #expect(try world.answer(begun, person.code(world.clock), client).status == 200)
    }
  }
}
