import Cryptography
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Headers and the order of checks")
struct HeaderTests {
  @Test("each of the four headers twice is 400 invalid_header")
  func duplicates() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let bearer = try world.bearer(client)
      for header in [bearer, client.key, ("X-Request-ID", "a"), ("X-Custom-Header", "a"), World.json] {
        let headers = [World.json, client.key].filter { $0.0 != header.0 } + [header, header]
        let answer = try world.call("POST", "/auth", headers, Array(person.body().utf8))
        #expect(answer.status == 400 && answer.code == "invalid_header", "\(header.0): \(answer)")
        #expect(answer.json?["detail"]?.string?.contains(header.0) == true, "\(header.0): \(answer)")
        #expect(answer["X-Auth-Outcome"] == "invalid_header", "\(header.0)")
      }
    }
  }

  @Test("X-Request-ID is echoed in header and body, made where absent, and refused where it is not of its form")
  func requestID() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      for good in ["a", "A-Z.a_z~09", String(repeating: "x", count: 128)] {
        let answer = try world.auth(person.body(), client, ("X-Request-ID", good))
        #expect(answer["X-Request-ID"] == good && answer.json?["request_id"]?.string == good)
      }
      for bad in ["a b", "ä", "a/b", String(repeating: "x", count: 129), "a,b"] {
        let answer = try world.auth(person.body(), client, ("X-Request-ID", bad))
        #expect(answer.status == 400 && answer.code == "invalid_header", "\(bad): \(answer)")
        #expect(answer["X-Request-ID"] != bad)
        #expect(answer["X-Auth-Outcome"] == "invalid_header")
      }
      let made = try #require(try world.auth(person.body(), client)["X-Request-ID"])
      #expect(made.count == 36 && made.split(separator: "-").count == 5 && made.dropFirst(14).first == "7")
    }
  }

  @Test("the media type is application/json alone or with charset=utf-8, in any case")
  func mediaTypes() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      for good in [
        "application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8", "application/json; charset=\"utf-8\"",
      ] {
        let answer = try world.call("POST", "/auth", [("Content-Type", good), client.key], Array(person.body().utf8))
        #expect(answer.code == "mfa_required", "\(good): \(answer)")
      }
      for bad in ["text/json", "application/jsonx", "application/json; charset=latin1", "application/json; a=b", "application/json;", ""] {
        let answer = try world.call("POST", "/auth", [("Content-Type", bad), client.key], Array(person.body().utf8))
        #expect(answer.status == 415 && answer.code == "unsupported_media_type", "\(bad): \(answer)")
        #expect(answer["X-Auth-Outcome"] == "unsupported_media_type")
      }
      #expect(try world.call("POST", "/auth", [client.key], Array(person.body().utf8)).status == 415)
    }
  }

  @Test("every answer carries the security headers, and a 401 its WWW-Authenticate")
  func security() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      for answer in [
        try world.auth(person.body(), client), try world.auth("{}", client), try world.call("GET", "/nothing"),
        try world.call("PUT", "/auth"), try world.signedIn(person, client), try world.call("GET", "/auth/me"),
      ] {
        #expect(answer["X-Request-ID"] != nil)
        #expect(answer["Cache-Control"] == "no-store")
        #expect(answer["X-Content-Type-Options"] == "nosniff")
        #expect(answer["X-Frame-Options"] == "DENY")
        #expect(answer["Content-Security-Policy"]?.contains("default-src 'none'") == true)
        #expect(answer["Server"] == nil)
        #expect((answer["WWW-Authenticate"] != nil) == (answer.status == 401), "\(answer)")
        #expect(answer["Access-Control-Allow-Origin"] == nil)
      }
    }
  }

  @Test("what is wrong first in the contract's order is what is answered")
  func order() async throws {
    let settings = [
      "verification.rule": "shared-secret", "verification.secrets": #"["0123456789abcdef"]"#, "pace.enabled": "true",
      "pace.strict": #"{"perMinute":60,"burst":9}"#,
    ]
    try await World.run(settings) { world in
      let client = try await world.addClient()
      let custom = ("X-Custom-Header", "0123456789abcdef")
      let text = ("Content-Type", "text/plain")
      func code(_ path: String, _ headers: [(String, String)], _ body: String = "{", method: String = "POST") throws -> String? {
        try world.call(method, path, headers, Array(body.utf8)).code
      }
      // Each call has every later fault too.
      #expect(try code("/nothing", [text, client.key, client.key], method: "PUT") == "not_found")
      #expect(try code("/auth", [text, client.key, client.key], method: "PUT") == "method_not_allowed")
      #expect(try code("/auth", [text, client.key, client.key]) == "unsupported_media_type")
      #expect(try code("/auth", [World.json, ("X-API-Key", "a"), ("X-API-Key", "b")]) == "invalid_header")
      #expect(try code("/auth", [World.json, ("X-Request-ID", "a b"), ("X-API-Key", "a")]) == "invalid_header")
      #expect(try code("/auth", [World.json, ("X-API-Key", "a")]) == "verification_failed")
      #expect(try code("/auth", [World.json, ("X-API-Key", "a"), custom]) == "invalid_api_key")
      #expect(try code("/auth", [World.json, client.key, custom]) == "invalid_request")
      #expect(try code("/auth", [World.json, client.key, custom], #"{"username":"a","password":"wrong"}"#) == "invalid_credentials")
      while try code("/auth", [World.json, client.key, custom]) != "rate_limited" {}
      let paced = try world.call("POST", "/auth", [text, client.key, client.key], Array("{".utf8))
      #expect(paced.status == 429 && paced.code == "rate_limited" && paced["Retry-After"] == "1")
      #expect(paced["X-Auth-Outcome"] == "rate_limited")
      #expect(try world.call("GET", "/healthz").status == 200)
      world.clock.advance(by: .seconds(1))
      #expect(try code("/auth", [World.json, client.key, custom]) == "invalid_request")
    }
  }

  @Test("sign-ins for one username are paced whoever asks, known or not, before anything is checked")
  func accountPace() async throws {
    let settings = ["pace.enabled": "true", "pace.account": #"{"perMinute":6,"burst":3}"#]
    try await World.run(settings) { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      for name in [person.name, "nobody@example.com"] {
        let body = #"{"username":"\#(name)","password":"wrong password"}"#
        for _ in 0..<3 { #expect(try world.auth(body, client).code == "invalid_credentials") }
        let paced = try world.auth(body, client)
        #expect(paced.status == 429 && paced.code == "rate_limited" && paced["Retry-After"] != nil, "\(paced)")
      }
      world.clock.advance(by: .seconds(10))
      #expect(try world.auth(person.body(), client).code == "mfa_required")
    }
  }

  @Test("CORS is off unless configured")
  func noCORS() async throws {
    try await World.run { world in
      let headers = [("Origin", "https://app.example.com"), ("Access-Control-Request-Method", "POST")]
      let preflight = try world.call("OPTIONS", "/auth", headers)
      #expect(preflight.status == 204 && preflight["Access-Control-Allow-Origin"] == nil && preflight["Allow"] != nil)
    }
  }

  @Test("a configured origin may call, with a preflight, on passes and refusals; any other may not")
  func cors() async throws {
    try await World.run(["cors.origins": #"["https://app.example.com"]"#]) { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let method = ("Access-Control-Request-Method", "POST")
      let preflight = try world.call("OPTIONS", "/auth", [("Origin", "https://app.example.com"), method])
      #expect(preflight.status == 204)
      #expect(preflight["Access-Control-Allow-Origin"] == "https://app.example.com")
      #expect(preflight["Access-Control-Allow-Headers"]?.contains("X-API-Key") == true)
      #expect(preflight["Access-Control-Allow-Credentials"] == nil)
      #expect(try world.call("OPTIONS", "/auth", [("Origin", "https://evil.example"), method])["Access-Control-Allow-Origin"] == nil)
      let shared = try world.auth(person.body(), client, ("Origin", "https://app.example.com"))
      #expect(shared["Access-Control-Allow-Origin"] == "https://app.example.com" && shared["Vary"] == "Origin")
      let refused = try world.auth("{", client, ("Origin", "https://app.example.com"))
      #expect(refused["Access-Control-Allow-Origin"] == "https://app.example.com")
      #expect(try world.auth(person.body(), client, ("Origin", "null"))["Access-Control-Allow-Origin"] == nil)
      #expect(try world.auth(person.body(), client)["Vary"] == "Origin")
    }
  }
}
