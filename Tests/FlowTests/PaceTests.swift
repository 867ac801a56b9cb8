import Identity
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Pace, from outside")
struct PaceTests {
  private static func settings(_ more: [String: String]) -> [String: String] {
    more.merging(["pace.enabled": "true"]) { given, _ in given }
  }

  private static func limits(_ burst: Int) -> String { "{\"perMinute\":1,\"burst\":\(burst)}" }

  @Test("answers of paced routes say what is left, passes and refusals alike; nobody else's answers say anything")
  func fields() async throws {
    let relaxed = #"{"perMinute":60,"burst":3}"#
    try await World.run(Self.settings(["pace.relaxed": relaxed])) { world in
      for left in [2, 1, 0] {
        let answer = try world.call("GET", "/.well-known/jwks.json")
        #expect(answer.status == 200)
        #expect(answer["RateLimit-Policy"] == #""relaxed";q=3;w=3"#)
        #expect(answer["RateLimit"] == #""relaxed";r=\#(left);t=\#(3 - left)"#)
      }
      let limited = try world.call("GET", "/.well-known/jwks.json")
      #expect(limited.status == 429 && limited.code == "rate_limited" && limited["Retry-After"] == "1")
      #expect(limited["RateLimit"] == #""relaxed";r=0;t=3"#)
      #expect(limited.headers.count { $0.name == "RateLimit" } == 1)
      world.clock.advance(by: .milliseconds(1_500))
      #expect(try world.call("GET", "/.well-known/jwks.json")["RateLimit"] == #""relaxed";r=0;t=3"#)
      let client = try await world.addClient()
      for answer in [try world.call("GET", "/healthz"), try world.nginx("authenticated", client.key)] {
        #expect(answer.status == 200 && answer["RateLimit"] == nil && answer["RateLimit-Policy"] == nil)
      }
      let refused = try world.post("/auth", "{", client.key)
      #expect(refused.status == 400 && refused["RateLimit"] == #""strict";r=119;t=1"#)
    }
  }

  @Test("a refusal for the name that is tried speaks of that bound, not of the address's")
  func username() async throws {
    try await World.run(Self.settings(["pace.account": Self.limits(2)])) { world in
      let client = try await world.addClient()
      let body = #"{"username":"ada@example.com","password":"wrong password"}"#
      for _ in 0..<2 { #expect(try world.auth(body, client).code == "invalid_credentials") }
      let limited = try world.auth(body, client)
      #expect(limited.status == 429 && limited["Retry-After"] == "60", "\(limited)")
      #expect(limited["RateLimit"] == #""strict-account";r=0;t=120"# && limited["RateLimit-Policy"] == #""strict-account";q=2;w=120"#)
      #expect(limited.headers.count { $0.name == "RateLimit" } == 1)
    }
  }

  @Test("an application is paced with all of its credentials together, each class for itself, and others are not")
  func application() async throws {
    let settings = Self.settings(["pace.application.strict": Self.limits(3), "pace.application.normal": Self.limits(1)])
    try await World.run(settings) { world in
      let client = try await world.addClient()
      let other = try await world.addClient("other")
      let bearer = try world.bearer(client)
      #expect(try world.post("/auth", "{}", client.key).status == 400)
      #expect(try world.post("/auth", "{}", bearer).status == 400)
      let limited = try world.post("/auth", "{}", client.key)
      #expect(limited.status == 429 && limited["Retry-After"] == "60" && limited["X-Auth-Outcome"] == "rate_limited")
      #expect(limited["RateLimit-Policy"] == #""strict-application";q=3;w=180"#)
      #expect(limited["RateLimit"] == #""strict-application";r=0;t=180"#)
      #expect(try world.token("grant_type=client_credentials", client.basic).status == 429)
      #expect(try world.token("grant_type=client_credentials", other.basic).status == 200)
      #expect(try world.refresh("cfr_nonsense", client).status == 401)
      #expect(try world.refresh("cfr_nonsense", client).status == 429)
      #expect(try world.call("POST", "/oauth/introspect", [World.formType, client.basic], Array("token=x".utf8)).status == 429)
      #expect(try world.call("POST", "/oauth/introspect", [World.formType, other.basic], Array("token=x".utf8)).status == 200)
    }
  }

  @Test("a wrong credential of an application takes nothing from the application")
  func strangers() async throws {
    try await World.run(Self.settings(["pace.application.strict": Self.limits(1), "pace.key.strict": Self.limits(1)])) { world in
      let client = try await world.addClient()
      for _ in 0..<5 {
        #expect(try world.token("grant_type=client_credentials&client_id=\(client.clientID)&client_secret=wrong").status == 401)
        #expect(try world.post("/auth", "{}", ("X-API-Key", String(client.apiKey.dropLast()) + "x")).code == "invalid_api_key")
      }
      #expect(try world.post("/auth", "{}", client.key).status == 400)
    }
  }

  @Test("each key of an application is paced for itself")
  func key() async throws {
    try await World.run(Self.settings(["pace.key.strict": Self.limits(2)])) { world in
      let client = try await world.addClient()
      let second = try #require(try await world.application.apiKeys.add(to: client.name, lifetime: nil, by: World.admin))
      for _ in 0..<2 { #expect(try world.post("/auth", "{}", client.key).status == 400) }
      let limited = try world.post("/auth", "{}", client.key)
      #expect(limited.status == 429 && limited["RateLimit-Policy"] == #""strict-key";q=2;w=120"#)
      #expect(try world.post("/auth", "{}", ("X-API-Key", second.text)).status == 400)
    }
  }

  @Test("a user is paced by account over sessions, and another user is not")
  func account() async throws {
    try await World.run(Self.settings(["pace.account.relaxed": Self.limits(2)])) { world in
      let client = try await world.addClient()
      let person = try await world.addPerson()
      let other = try await world.addPerson("other@example.com")
      let (first, second) = (try world.signedIn(person, client).token(), try world.signedIn(person, client).token())
      #expect(try world.me(first).status == 200)
      #expect(try world.me(second).status == 200)
      let limited = try world.me(first)
      #expect(limited.status == 429 && limited["RateLimit-Policy"] == #""relaxed-account";q=2;w=120"#)
      #expect(try world.me(try world.signedIn(other, client).token()).status == 200)
    }
  }

  @Test("a stranger who floods a name holds nobody back who proved more than to know it")
  func floodedName() async throws {
    let settings = Self.settings(["pace.account": Self.limits(6)]).merging(World.mail) { $1 }
    try await World.run(settings) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let invitation = try await world.invited()
      #expect(try world.accept(invitation, client).status == 200)
      let recovery = try await world.recoveryCode(person, client)
      let token = try world.signedIn(person, client).token()
      let proof = try world.proof(person, token)
      for name in [person.name, "new@example.com"] {
        let body = #"{"username":"\#(name)","password":"a stranger's guess"}"#
        #expect(try (0..<9).map { _ in try world.auth(body, client).status }.suffix(2) == [429, 429])
      }
      #expect(try world.changePassword(token, from: "wrong", to: "seven lamps on a pier", proof: proof).code == "invalid_credentials")
      let wrong = try world.changeAddress("email", "new@example.org", token, current: "wrong", proof: world.proof(person, token))
      #expect(wrong.code == "invalid_credentials", "\(wrong)")
      #expect(try world.accept(invitation, client).status == 200)
      #expect(try world.finishRecovery(recovery, client, mfa: person.wrongCode(world.clock)).code == "invalid_challenge_response")
      #expect(try world.changePassword(token, to: "seven lamps on a pier", proof: proof).status == 204)
    }
  }

  @Test("everybody together is paced, and who is refused for what others do has lost nothing")
  func total() async throws {
    let settings = Self.settings(["pace.total.relaxed": Self.limits(2), "pace.relaxed": Self.limits(4)])
    try await World.run(settings) { world in
      for _ in 0..<2 { #expect(try world.call("GET", "/.well-known/jwks.json").status == 200) }
      for _ in 0..<5 {
        let limited = try world.call("GET", "/.well-known/jwks.json")
        #expect(limited.status == 429 && limited["RateLimit-Policy"] == #""relaxed-total";q=2;w=120"#)
      }
      world.clock.advance(by: .seconds(60))
      let answer = try world.call("GET", "/.well-known/jwks.json")
      #expect(answer.status == 200 && answer["RateLimit"] == #""relaxed";r=2;t=120"#)
    }
  }

  @Test("a client behind a gateway may bring only so many bad credentials before they are verified; good ones are free")
  func unknownCredentials() async throws {
    let settings = Self.settings([
      "pace.unknownCredentials": #"{"perMinute":30,"burst":3}"#,
      "proxies": #"[{"networks":["127.0.0.1"],"dialect":"x-forwarded-for"}]"#,
    ])
    try await World.run(settings) { world in
      let client = try await world.addClient()
      let bad = ("Authorization", "Bearer \(try world.bearer(client).1.dropFirst(7).dropLast(8))AAAAAAAA")
      let from = ("X-Forwarded-For", "192.0.2.1")
      for _ in 0..<10 { #expect(try world.nginx("authenticated", from, try world.bearer(client)).decision == "200") }
      for _ in 0..<3 { #expect(try world.nginx("authenticated", from, bad).decision == "401 invalid_token") }
      let limited = try world.nginx("authenticated", from, bad)
      #expect(limited.decision == "403 rate_limited" && limited["Retry-After"] == "2")
      #expect(try world.call("GET", "/authz/forward/authenticated", [from, bad]).decision == "429 rate_limited")
      #expect(try world.nginx("authenticated", from, try world.bearer(client)).decision == "403 rate_limited")
      #expect(try world.nginx("authenticated", ("X-Forwarded-For", "192.0.2.2"), bad).decision == "401 invalid_token")
      // A key too: its checksum is right and the store does not know it.
      world.clock.advance(by: .seconds(2))
      #expect(try world.nginx("authenticated", from, client.key).decision == "200")
      #expect(try world.nginx("authenticated", from, bad).decision == "401 invalid_token")
      #expect(try world.nginx("authenticated", from, client.key).decision == "200")
    }
  }
}
