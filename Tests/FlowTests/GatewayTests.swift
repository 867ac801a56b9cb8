import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("What gateways ask")
struct GatewayTests {
  @Test("by default every live credential passes, with all ten headers, and nothing else does")
  func authenticated() async throws {
    try await World.run { world in
      try await world.addRole("clerk", "invoices:read")
      let client = try await world.addClient()
      let ada = try await world.addPerson(roles: ["clerk"])
      let signedIn = try world.signedIn(ada, client)
      let token = try signedIn.token()
      for path in ["authenticated"] {
        let identity = try world.nginx(path, World.bearer(token)).identity()
        #expect(identity["Subject"] == ada.id && identity["Username"] == ada.name && identity["Client"] == client.clientID)
        #expect(identity["Session"] == signedIn.json?["session_id"]?.string && identity["ACR"] == "aal2")
        #expect(identity["Roles"] == "clerk" && identity["Permissions"] == "invoices:read" && identity["AMR"] == "pwd,otp,mfa")
        #expect(identity["Actor"] == "" && identity["Token"] == "")
      }
      let byKey = try world.nginx("authenticated", client.key).identity()
      #expect(byKey["Subject"] == client.clientID && byKey["Username"] == "" && byKey["Session"] == "")
      let own = try world.nginx("authenticated", try world.bearer(client)).identity()
      #expect(own["Subject"] == client.clientID && own["ACR"] == "")

      let none = try world.nginx("authenticated")
      #expect(none.decision == "401 no_credentials" && none["WWW-Authenticate"] == "Bearer")
      let wrong = try world.nginx("authenticated", World.bearer(token + "x"))
      #expect(wrong.decision == "401 invalid_token" && wrong["WWW-Authenticate"] == #"Bearer error="invalid_token""#)
      #expect(wrong.headers.allSatisfy { !$0.name.hasPrefix("X-Auth-") })
      #expect(try world.nginx("authenticated", ("X-API-Key", client.apiKey + "a")).decision == "401 invalid_token")
      #expect(try world.nginx("authenticated", ("Authorization", "Basic YTpi")).decision == "401 no_credentials")
      #expect(try world.nginx("other", World.bearer(token)).decision == "403 no_rule")
      #expect(try world.nginx(nil, World.bearer(token)).decision == "403 no_rule")
      world.clock.advance(by: .seconds(601))
      #expect(try world.nginx("authenticated", World.bearer(token)).decision == "401 expired")
      #expect(try world.nginx("authenticated", World.bearer(token)).decision == "401 expired")
    }
  }

  @Test("token and key together have to name one application; one sent twice is none")
  func both() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let other = try await world.addClient("other")
      let token = try world.signedIn(try await world.addPerson(), client).token()
      for _ in 0..<2 {
        #expect(try world.nginx("authenticated", World.bearer(token), client.key).identity()["Session"]?.isEmpty == false)
        #expect(try world.nginx("authenticated", World.bearer(token), other.key).decision == "401 invalid_token")
      }
      #expect(try world.nginx("authenticated", World.bearer(token), World.bearer(token)).decision == "401 invalid_token")
      #expect(try world.nginx("authenticated", client.key, client.key).decision == "401 invalid_token")
      #expect(try world.nginx("authenticated", ("Authorization", "Bearer")).decision == "401 invalid_token")
      #expect(try world.nginx("authenticated", ("Authorization", "Bearer a b")).decision == "401 invalid_token")
    }
  }

  private static let rules = Rules.of(
    #"{"name":"read","hosts":["api.example.com"],"methods":["GET"],"paths":["/v1/*"],"permissions":["models/{1}:read"]}"#,
    #"{"name":"open","hosts":["*.example.com"],"paths":["/public/**"],"anonymous":true}"#,
    #"{"name":"dav","methods":["PROPFIND","FROB"],"paths":["/dav/**"]}"#)

  @Test("the first rule that matches the original request decides; wrong, missing or repeated words of it deny")
  func original() async throws {
    try await World.run(Self.rules) { world in
      try await world.addRole("clerk", "models/a:read")
      let client = try await world.addClient()
      let token = try world.signedIn(try await world.addPerson(roles: ["clerk"]), client).token()
      func ask(_ headers: [(String, String)]) throws -> String {
        try world.call("GET", "/authz/nginx?rule=open&x=/../", headers + [World.bearer(token)]).decision
      }
      let good = World.original("GET", "api.example.com:443", "/v1/a?x=%2f..")
      #expect(try ask(good) == "200")
      #expect(try ask(World.original("GET", "api.example.com", "/v1/b")) == "403 insufficient_permission")
      #expect(try ask(World.original("GET", "api.example.com", "/v1/A")) == "403 insufficient_permission")
      #expect(try ask(World.original("PUT", "api.example.com", "/v1/a")) == "403 no_rule")
      #expect(try ask(World.original("GET", "api.example.org", "/v1/a")) == "403 no_rule")
      for path in [
        "/v1/a%2fb", "/v1/..", "/v1/%2e%2e/a", "/v1//a", "/v1/a%00", "/v1/%252e", "/v1\\a", "v1/a", "/v1/a;b",
        "http://api.example.com/v1/a",
      ] {
        #expect(try ask(World.original("GET", "api.example.com", path)) == "403 ambiguous_path", "\(path)")
      }
      for missing in 0..<3 { #expect(try ask(good.enumerated().filter { $0.offset != missing }.map(\.element)) == "403 no_rule") }
      for repeated in 0..<2 { #expect(try ask(good + [good[repeated]]) == "403 no_rule") }
      #expect(try ask(good + [good[2]]) == "403 ambiguous_path")
      #expect(try ask([("X-Original-Method", "g e t")] + good.dropFirst()) == "403 no_rule")
      // The words of another dialect are nobody's.
      #expect(
        try ask([("X-Forwarded-Method", "GET"), ("X-Forwarded-Host", "api.example.com"), ("X-Forwarded-Uri", "/v1/a")]) == "403 no_rule")
      // A named rule's own conditions hold too.
      #expect(try world.nginx("read", World.bearer(token)).decision == "403 no_rule")
      #expect(try world.call("GET", "/authz/nginx/read", good + [World.bearer(token)]).decision == "200")
    }
  }

  @Test("forward and Envoy take every method, known or not, with and without a body")
  func anyMethod() async throws {
    try await World.run(Self.rules) { world in
      let client = try await world.addClient()
      let token = try world.signedIn(try await world.addPerson(), client).token()
      for method in ["GET", "HEAD", "POST", "PUT", "OPTIONS", "PROPFIND", "FROB", "TRACE"] {
        let expected = ["PROPFIND", "FROB"].contains(method) ? "200" : "403 no_rule"
        for body in [nil, Array("{}".utf8)] as [[UInt8]?] {
          let forward = try world.call(
            method, "/authz/forward",
            [("X-Forwarded-Method", method), ("X-Forwarded-Host", "h"), ("X-Forwarded-Uri", "/dav/x?y"), World.bearer(token)], body)
          #expect(forward.decision == expected, "\(method)")
          #expect(try world.call(method, "/authz/envoy/-/dav/x?y=/..", [World.bearer(token)], body).decision == expected, "\(method)")
          #expect(try world.call(method, "/authz/nginx/dav", [World.bearer(token)], body).decision == "403 no_rule")
        }
      }
      #expect(try world.call("FROB", "/authz/envoy/dav/dav/%2e%2e/x", [World.bearer(token)]).decision == "403 ambiguous_path")
      #expect(try world.call("FROB", "/authz/envoy/dav//dav/x", [World.bearer(token)]).decision == "403 ambiguous_path")
      #expect(try world.call("FROB", "/authz/envoy/dav/", [World.bearer(token)]).decision == "403 no_rule")
      #expect(try world.call("FROB", "/auth", []).status == 501)
    }
  }

  @Test("an anonymous rule lets everybody pass, and tells who it is where the credential is good")
  func anonymous() async throws {
    try await World.run(Self.rules) { world in
      let client = try await world.addClient()
      let original = World.original("GET", "www.example.com", "/public/x")
      #expect(try world.call("GET", "/authz/nginx", original).identity().values.allSatisfy(\.isEmpty))
      #expect(try world.call("GET", "/authz/nginx", original + [World.bearer("a.b.c")]).identity().values.allSatisfy(\.isEmpty))
      #expect(try world.call("GET", "/authz/nginx", original + [client.key]).identity()["Subject"] == client.clientID)
    }
  }

  @Test("headers that imitate ours, and another's request id, have no effect")
  func spoofed() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let spoofs =
        Answer.identityNames.map { ($0, "admin") } + [("X-Authz-Reason", "ok"), ("X-Request-ID", "not an id"), ("X-Request-ID", "y")]
      let answer = try world.call("GET", "/authz/nginx/authenticated", spoofs + [client.key])
      let identity = try answer.identity()
      #expect(identity["Subject"] == client.clientID && identity["Username"] == "" && identity["Roles"] == "")
      #expect(answer["X-Request-ID"]?.count == 36)
      #expect(try world.call("GET", "/authz/nginx/authenticated", spoofs).decision == "401 no_credentials")
    }
  }

  @Test("nginx is never answered anything but 200, 401 and 403, whatever goes wrong")
  func onlyThree() async throws {
    try await World.run { world in
      let big = String(repeating: "x", count: 20_000)
      let cases: [(String, String, [(String, String)], [UInt8]?)] = [
        ("GET", "/authz/nginx/authenticated", [("X-Big", big)], nil), ("GET", "/authz/nginx/authenticated", [("Bad Name", "x")], nil),
        ("GET", "/authz/nginx/authenticated", [("Content-Length", "x")], nil),
        ("GET", "/authz/nginx/authenticated", [("X_Original_URI", "x")], nil),
        ("POST", "/authz/nginx/authenticated", [("Transfer-Encoding", "gzip")], nil),
        ("GET", "/authz/nginx/authenticated", [("Expect", "x")], nil),
        ("POST", "/authz/nginx", [], [UInt8](repeating: 0, count: 100_000)), ("GET", "/authz/nginx/%zz", [], nil),
        ("GET", "/authz/nginx/a/b/c", [], nil),
        ("GET", "/authz/nginx/", [], nil), ("DELETE", "/authz/nginx/authenticated", [], nil), ("OPTIONS", "/authz/nginx", [], nil),
      ]
      for (method, path, headers, body) in cases {
        let connection = try Connection(port: world.port)
        connection.send(Call.bytes(method, path, headers, body))
        let answer = try connection.answer()
        #expect([401, 403].contains(answer.status) && answer["X-Authz-Reason"] != nil, "\(method) \(path) \(headers.map(\.0)): \(answer)")
      }
    }
  }

  @Test("who is no gateway learns nothing")
  func gateways() async throws {
    try await World.run(["authz.gateways": #"["10.0.0.0/8"]"#]) { world in
      let client = try await world.addClient()
      #expect(try world.nginx("authenticated", client.key).decision == "403 no_rule")
      #expect(try world.call("GET", "/authz/envoy/authenticated/x", [client.key]).decision == "403 no_rule")
    }
  }
}
