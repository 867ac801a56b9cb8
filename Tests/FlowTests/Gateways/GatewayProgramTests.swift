import Identity
import Primitives
import Testing

@testable import CredentialFlow

@Suite("nginx, Caddy and HAProxy with the files of Config/gateways")
struct GatewayProgramTests {
  /// Says in the run's list of skipped tests which programs the tests below did without.
  @Test("none of the three programs is left out", .enabled(if: GatewayProgram.absent.isEmpty, GatewayProgram.absence))
  func programs() {
    #expect(GatewayProgram.installed == GatewayProgram.allCases)
  }

  private static let rules = Rules.of(
    #"{"name":"open","paths":["/open"],"anonymous":true}"#,
    #"{"name":"admin","paths":["/admin/**"],"permissions":["invoices:write"]}"#,
    #"{"name":"rest","paths":["/**"],"permissions":["invoices:read"]}"#)

  /// Everything between a client and a service, with a user who may read invoices.
  private struct Scene {
    let world: World
    let gateway: Gateway
    let client: Client
    let ada: Person
    let token: String

    var bearer: (String, String) { World.bearer(token) }
  }

  private static func run(
    _ program: GatewayProgram, _ settings: [String: String] = [:], permissions: [String] = ["invoices:read"],
    _ body: (Scene) async throws -> Void
  ) async throws {
    let service = try EchoService()
    defer { service.close() }
    try await World.run(rules.merging(settings) { $1 }) { world in
      let outcome = try await world.application.roles.add(
        "clerk", description: "", permissions: permissions.compactMap { Permission($0) }, by: World.admin)
      try #require(outcome == .done)
      let client = try await world.addClient()
      let ada = try await world.addPerson(roles: ["clerk"])
      let token = try world.signedIn(ada, client).token()
      let gateway = try await Gateway(program, daemon: world.port, service: service.port)
      do {
        try await body(Scene(world: world, gateway: gateway, client: client, ada: ada, token: token))
      } catch {
        await gateway.stop()
        throw error
      }
      await gateway.stop()
    }
  }

  @Test("who may pass reaches the service, with the identity headers and the request as it was", arguments: GatewayProgram.installed)
  func pass(_ program: GatewayProgram) async throws {
    try await Self.run(program) { scene in
      let read = try #require(try scene.gateway.ask("GET", "/clerks/a%20b?q=1&r=%2f", [scene.bearer]).echoed)
      #expect(read.line == "GET /clerks/a%20b?q=1&r=%2f HTTP/1.1")
      let identity = try read.identity()
      #expect(identity["Subject"] == scene.ada.id && identity["Username"] == scene.ada.name)
      #expect(identity["Client"] == scene.client.clientID && identity["Roles"] == "clerk" && identity["Permissions"] == "invoices:read")
      #expect(identity["AMR"] == "pwd,otp,mfa" && identity["ACR"] == "aal2" && identity["Session"]?.isEmpty == false)
      #expect(identity["Actor"] == "" && identity["Token"] == "")

      let written = try #require(try scene.gateway.ask("POST", "/clerks", [scene.bearer], Array("0123456789".utf8)).echoed)
      #expect(written.line == "POST /clerks HTTP/1.1" && written["content-length"] == ["10"])
      #expect(try written.identity()["Subject"] == scene.ada.id)
      #expect(try scene.gateway.ask("HEAD", "/clerks", [scene.bearer])[EchoService.mark] == "yes")

      _ = try await scene.world.application.roles.grant(
        "clerk", to: .application(try #require(Application.ID(scene.client.clientID))), by: World.admin)
      let byKey = try #require(try scene.gateway.ask("GET", "/clerks", [scene.client.key]).echoed).identity()
      #expect(byKey["Subject"] == scene.client.clientID)
    }
  }

  @Test("who may not gets 401 or 403 with the reason, and a session that ended is refused at once", arguments: GatewayProgram.installed)
  func deny(_ program: GatewayProgram) async throws {
    try await Self.run(program) { scene in
      func decision(_ target: String, _ headers: (String, String)...) throws -> String {
        let answer = try scene.gateway.ask("GET", target, headers)
        return answer.echoed == nil ? answer.decision : "passed"
      }
      #expect(try decision("/clerks") == "401 no_credentials")
      #expect(try scene.gateway.ask("GET", "/clerks")["WWW-Authenticate"] == "Bearer")
      #expect(try decision("/clerks", World.bearer(scene.token + "x")) == "401 invalid_token")
      #expect(try decision("/clerks", ("X-API-Key", scene.client.apiKey + "x")) == "401 invalid_token")
      #expect(try decision("/admin/users", scene.bearer) == "403 insufficient_permission")
      #expect(try decision("/clerks", scene.client.key) == "403 insufficient_permission")
      // Sent twice: which of them is meant? Some gateways refuse that by themselves.
      let twice = try scene.gateway.ask("GET", "/clerks", [scene.bearer, World.bearer("a.b.c")])
      #expect(twice.echoed == nil && (400...403).contains(twice.status), "\(twice)")
      let post = try scene.gateway.ask("POST", "/clerks", [], Array("{}".utf8))
      #expect(post.echoed == nil && post.decision == "401 no_credentials")

      #expect(try decision("/clerks", scene.bearer) == "passed")
      #expect(try scene.world.asUser("POST", "/auth/logout", scene.token).status == 204)
      #expect(try decision("/clerks", scene.bearer) == "401 revoked")
    }
  }

  /// In the forms that services take for the same name.
  private static let spoofs: [(String, String)] =
    Answer.identityNames.flatMap { name in
      let low = name.lowercased()
      return [(name, "spoofed"), (low.replacing("-", with: "_"), "spoofed"), ("X-Auth_" + low.dropFirst(7), "spoofed"), (low, "spoofed")]
    }

  @Test("identity headers of the client never reach the service", arguments: GatewayProgram.installed)
  func spoofedIdentity(_ program: GatewayProgram) async throws {
    try await Self.run(program) { scene in
      let signedIn = try scene.gateway.ask("GET", "/clerks", Self.spoofs + [scene.bearer])
      let known = try #require(signedIn.echoed, "\(signedIn)")
      let identity = try known.identity()
      #expect(identity["Subject"] == scene.ada.id && identity["Roles"] == "clerk")
      #expect(identity["Actor"] == "" && identity["Token"] == "" && !signedIn.text.contains("spoofed"))
      let anonymous = try scene.gateway.ask("GET", "/open", Self.spoofs)
      let nobody = try #require(anonymous.echoed, "\(anonymous)").identity()
      #expect(nobody.values.allSatisfy(\.isEmpty) && !anonymous.text.contains("spoofed"))
      #expect(try scene.gateway.ask("GET", "/clerks", Self.spoofs).decision == "401 no_credentials")
      // A client that has a header dropped as "of this connection only" gains nothing by it.
      let dropped = try scene.gateway.ask(
        "GET", "/clerks", [("Connection", "close, X-Auth-Subject, X-Original-URI, X-Forwarded-Uri, Authorization"), scene.bearer])
      let subject = try dropped.echoed?.identity()["Subject"]
      #expect(dropped.echoed == nil || subject == scene.ada.id, "\(dropped)")
    }
  }

  @Test("original-request headers of the client have no effect on the decision", arguments: GatewayProgram.installed)
  func spoofedOriginal(_ program: GatewayProgram) async throws {
    try await Self.run(program) { scene in
      let spoofs: [(String, String)] = [
        ("X-Original-URI", "/open"), ("X-Original-Url", "/open"), ("X-Forwarded-Uri", "/open"), ("X-Rewrite-Url", "/open"),
        ("X-Original-Method", "GET"), ("X-Forwarded-Method", "GET"), ("X-Original-Host", "h"), ("X-Forwarded-Host", "h"),
        ("X-Forwarded-Prefix", "/open"), ("X-Authz-Reason", "ok"), ("X-HTTP-Method-Override", "GET"),
      ]
      #expect(try scene.gateway.ask("GET", "/clerks", spoofs).decision == "401 no_credentials")
      #expect(try scene.gateway.ask("GET", "/admin/users", spoofs + [scene.bearer]).decision == "403 insufficient_permission")
      #expect(try scene.gateway.ask("GET", "/clerks", spoofs + [scene.bearer]).echoed != nil)
      #expect(try scene.gateway.ask("GET", "/clerks?rule=open", spoofs).decision == "401 no_credentials")
      // The questions' own place in nginx.conf is nobody's to ask.
      let own = try scene.gateway.ask("GET", "/.credentialflow", [scene.bearer])
      #expect(program != .nginx || own.status == 404)
    }
  }

  @Test("paths that could mean two things are refused", arguments: GatewayProgram.installed)
  func ambiguous(_ program: GatewayProgram) async throws {
    try await Self.run(program) { scene in
      for path in [
        "/clerks/..%2fadmin/users", "/clerks/%2e%2e/admin/users", "/clerks/../admin/users", "/clerks/./a", "//admin/users", "/clerks//a",
        "/clerks/a%2Fb", "/clerks/a%5cb", "/clerks/%252e%252e/a", "/clerks/a;b", "/clerks/a\\b", "/clerks/a%00b", "/clerks/%zz", "/open/..",
        "/open%2f..%2fadmin%2fusers", "/open/%2e%2e/admin/users", "/open;/../admin/users", "/../admin/users",
      ] {
        let answer = try scene.gateway.ask("GET", path, [scene.bearer])
        #expect(answer.echoed == nil && [400, 403].contains(answer.status), "\(path): \(answer)")
      }
      // An absolute form names another host than the header: nothing passes that was not decided on.
      let absolute = try scene.gateway.ask("GET", "http://auth.example.com/admin/users", [scene.bearer])
      #expect(absolute.echoed == nil && [400, 403].contains(absolute.status), "\(absolute)")
    }
  }

  @Test("a long token and the longest identity headers fit through", arguments: GatewayProgram.installed)
  func long(_ program: GatewayProgram) async throws {
    let many = (1...16).map { "departments/number-\($0)/invoices/of-the-current-year-\($0)/drafts-and-finals:read" }
    try await Self.run(program, permissions: ["invoices:read"] + many) { scene in
      #expect(scene.token.utf8.count > 2_500, "\(scene.token.utf8.count)")
      let answer = try scene.gateway.ask("GET", "/clerks", [("X-Filler", String(repeating: "f", count: 11_000)), scene.bearer])
      let identity = try #require(answer.echoed, "\(answer)").identity()
      #expect(identity["Permissions"]?.contains("number-16/") == true && identity["ACR"] == "aal2")
    }
  }

  @Test("a client that asks too often gets 429 and when to come back", arguments: GatewayProgram.installed)
  func paced(_ program: GatewayProgram) async throws {
    let pace = ["pace.enabled": "true", "pace.decisions.perMinute": "1", "pace.decisions.burst": "2"]
    try await Self.run(program, pace) { scene in
      for _ in 0..<2 { #expect(try scene.gateway.ask("GET", "/clerks", [scene.bearer]).echoed != nil) }
      let answer = try scene.gateway.ask("GET", "/clerks", [scene.bearer])
      #expect(answer.decision == "429 rate_limited" && answer["Retry-After"] != nil, "\(answer.headers)")
    }
  }

  @Test("while the daemon is down nothing passes", arguments: GatewayProgram.installed)
  func down(_ program: GatewayProgram) async throws {
    let service = try EchoService()
    defer { service.close() }
    var started: Gateway?
    var credentials: [(String, String)] = []
    try await World.run(Self.rules) { world in
      let client = try await world.addClient()
      let gateway = try await Gateway(program, daemon: world.port, service: service.port)
      started = gateway
      credentials = [client.key]
      #expect(try gateway.ask("GET", "/open", credentials).echoed != nil)
    }
    let gateway = try #require(started)
    for target in ["/open", "/clerks"] {
      let answer = try? gateway.ask("GET", target, credentials + Self.spoofs)
      let expected = [GatewayProgram.nginx: 500, .caddy: 502, .haproxy: 503][program]
      #expect(answer?.status == expected && answer?.echoed == nil, "\(target): \(answer.map { "\($0)" } ?? "no answer")")
    }
    await gateway.stop()
  }
}
