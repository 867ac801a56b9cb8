import Glibc
import JSON
import Journal
import Persistence
import Primitives
import Telemetry
import Testing

@testable import CredentialFlow

@Suite("Who is calling")
struct ClientAddressTests {
  static let spoofs: [(String, String)] = [
    ("CF-Connecting-IP", "203.0.113.7"), ("CF-Connecting-IPv6", "2001:db8::7"), ("CF-Ray", "8f2a1b3c4d5e6f70-FRA"), ("CF-IPCountry", "DE"),
    ("True-Client-IP", "203.0.113.7"), ("Forwarded", "for=203.0.113.7"), ("X-Forwarded-For", "203.0.113.7"), ("X-Real-IP", "203.0.113.7"),
    ("X-Forwarded-For", "203.0.113.8"), ("Forwarded", "for=203.0.113.8"),
  ]

  /// Where the address of a call ends up.
  struct Traces {
    let session: String?
    let audit: [String]
    let detail: [String]
    let log: [String]
    let denials: [String]
  }

  /// A sign-in and a refused one, over a connection from 127.0.0.`source`.
  static func traces(_ world: World, source: UInt8, _ headers: [(String, String)]) async throws -> Traces {
    let (person, client) = (try await world.addPerson(), try await world.addClient())
    let connection = try Connection(port: world.port, source: source)
    func post(_ body: String) throws -> Answer {
      connection.send(Call.bytes("POST", "/auth", [World.json, client.key] + headers, Array(body.utf8)))
      return try connection.answer()
    }
    #expect(try post(person.body(password: "wrong wrong wrong")).status == 401)
    world.clock.advance(by: .seconds(90))
    let signedIn = try post(person.oneCall(person.code(world.clock)))
    try #require(signedIn.status == 200, "\(signedIn)")
    let listed = try world.asUser("GET", "/auth/sessions", try signedIn.token()).json?["sessions"]?.elements?.first
    world.application.log.flush()
    let lines = world.log.lines.filter { $0.contains(#""route":"/auth""#) }.compactMap { try? JSONValue(parsing: Array($0.utf8)) }
    // Writes what was counted.
    await world.server.drain(within: .seconds(1))
    let entries = try await world.application.database.read { try AuditLog($0).entries(after: 0, limit: 1_000) }
    let opened = entries.filter { $0.action == "session.opened" }
    return Traces(
      session: listed?["address"]?.string, audit: opened.map(\.address), detail: opened.map(\.detail),
      log: lines.compactMap { $0["client"]?.string } + lines.compactMap { $0["cf_ray"]?.string },
      denials: entries.filter { $0.action == "request.denied" }.map(\.detail))
  }

  @Test("headers of somebody who is no proxy change nothing: not the session, the record, the log, the denials")
  func spoofed() async throws {
    let others =
      #"[{"networks":["127.0.0.9"],"dialect":"x-forwarded-for"},{"networks":["unix"],"dialect":"forwarded"},{"dialect":"cloudflare"}]"#
    for settings in [[:], ["proxies": others]] {
      try await World.run(settings) { world in
        let traces = try await Self.traces(world, source: 5, Self.spoofs)
        #expect(traces.session == "127.0.0.5" && traces.audit == ["127.0.0.5"] && traces.log == ["127.0.0.5", "127.0.0.5"])
        #expect(!traces.detail.joined().contains("cf_ray") && !traces.denials.joined().contains("203.0.113"))
        #expect(traces.denials.joined().contains("127.0.0.5"), "\(traces.denials)")
      }
    }
  }

  @Test(
    "whom a configured proxy names in its dialect is who is recorded, logged and counted",
    arguments: [
      ("cloudflare", "203.0.113.7"), ("forwarded", "203.0.113.8"), ("x-forwarded-for", "203.0.113.8"),
    ])
  func named(_ dialect: String, _ address: String) async throws {
    try await World.run(["proxies": #"[{"networks":["127.0.0.0/29"],"dialect":"\#(dialect)"}]"#]) { world in
      let traces = try await Self.traces(world, source: 5, Self.spoofs)
      let ray = dialect == "cloudflare" ? ["8f2a1b3c4d5e6f70-FRA"] : []
      #expect(traces.session == address && traces.audit == [address] && traces.log == [address, address] + ray + ray)
      #expect(traces.detail.joined().contains(#""cf_ray":"8f2a1b3c4d5e6f70-FRA""#) == !ray.isEmpty)
      #expect(traces.denials.joined().contains(address))
    }
  }

  @Test("pace counts the proven client, and no header of a stranger makes another one")
  func paced() async throws {
    let settings = [
      "pace.enabled": "true", "pace.strict": #"{"perMinute":1,"burst":2}"#,
      "proxies": #"[{"networks":["127.0.0.9"],"dialect":"x-forwarded-for"}]"#,
    ]
    try await World.run(settings) { (world: World) async throws in
      func post(_ source: UInt8, _ forwarded: String) throws -> String? {
        let connection = try Connection(port: world.port, source: source)
        connection.send(Call.bytes("POST", "/auth", [World.json, ("X-Forwarded-For", forwarded)], Array("{}".utf8)))
        return try connection.answer().code
      }
      for number in 1...2 { #expect(try post(5, "203.0.113.\(number)") != "rate_limited") }
      for number in 3...4 { #expect(try post(5, "203.0.113.\(number)") == "rate_limited") }
      for number in 1...4 { #expect(try post(9, "203.0.113.\(number)") != "rate_limited") }
      #expect(try post(9, "203.0.113.1") != "rate_limited")
      #expect(try post(9, "6.6.6.6, 203.0.113.1") == "rate_limited")
      // One customer's /64 is one client.
      for number in 1...2 { #expect(try post(9, "2001:db8::\(number)") != "rate_limited") }
      #expect(try post(9, "2001:db8::ffff") == "rate_limited")
      #expect(try post(9, "2001:db8:0:1::") != "rate_limited")
    }
  }

  @Test("a proxy that names nobody is itself the client, and the log says so once a minute for each kind")
  func unproven() async throws {
    try await World.run(["proxies": #"[{"networks":["127.0.0.9"],"dialect":"cloudflare"}]"#]) { world in
      func ask(_ headers: [(String, String)]) throws {
        let connection = try Connection(port: world.port, source: 9)
        connection.send(Call.bytes("GET", "/healthz", headers, nil))
        #expect(try connection.answer().status == 200)
      }
      func doubts() -> [String] {
        world.application.log.flush()
        return world.log.lines.filter { $0.contains("client_unproven") }
      }
      for _ in 0..<3 { try ask([("X-Forwarded-For", "203.0.113.7")]) }
      try ask([("CF-Connecting-IP", "203.0.113.7"), ("CF-Connecting-IP", "203.0.113.7")])
      _ = await world.logged(#""client":"127.0.0.9""#, atLeast: 4)
      let lines = doubts()
      #expect(lines.count == 2, "\(lines)")
      #expect(
        lines[0].contains(#""reason":"absent""#) && lines[0].contains(#""proxy":"127.0.0.9""#) && lines[1].contains(#""reason":"repeated""#)
      )
      world.clock.advance(by: .seconds(61))
      try ask([])
      #expect(doubts().count == 3)
    }
  }

  @Test("proxies are read anew on reload, for connections that are open too")
  func reloaded() async throws {
    try await World.run { world in
      let connection = try Connection(port: world.port)
      func ask() throws {
        connection.send(Call.bytes("GET", "/healthz", [("X-Forwarded-For", "203.0.113.7")], nil))
        _ = try connection.answer()
      }
      try ask()
      unlink("\(world.path)/credentialflow.json5")
      let text = World.configuration.dropLast() + #", proxies: [{networks: ["127.0.0.1"], dialect: "x-forwarded-for"}]}"#
      _ = try FileBytes.create("\(world.path)/credentialflow.json5", Array(String(text).utf8), mode: 0o600)
      #expect(try world.application.reload().waiting == [])
      try ask()
      let lines = await world.logged(#""route":"/healthz""#, atLeast: 2)
      #expect(lines.filter { $0.contains(#""client":"203.0.113.7""#) }.count == 1)
    }
  }

  @Test("where the edge is required, whoever comes past it is refused and counted; this machine's health check is not")
  func edgeRequired() async throws {
    let settings = [
      "edge.required": "true",
      "proxies": #"[{"networks":["127.0.0.9"],"dialect":"cloudflare"},{"networks":["127.0.0.8"],"dialect":"x-forwarded-for"}]"#,
    ]
    try await World.run(settings) { world in
      func ask(_ source: UInt8, _ path: String, _ method: String = "GET", port: UInt16? = nil) throws -> Answer {
        let connection = try Connection(port: port ?? world.port, source: source)
        connection.send(Call.bytes(method, path, [("CF-Connecting-IP", "203.0.113.7"), ("X-Forwarded-For", "203.0.113.8")], nil))
        return try connection.answer(isHead: method == "HEAD")
      }
      for path in ["/.well-known/jwks.json", "/auth/me", "/nothing", "/authz/nginx/authenticated", "/openapi.json"] {
        for source in [1, 8] as [UInt8] {
          let refused = try ask(source, path)
          #expect(refused.status == 403 && refused.code == "forbidden", "\(path) \(refused)")
        }
        #expect(try ask(9, path).code != "forbidden", "\(path)")
      }
      #expect(try ask(1, "*", "OPTIONS").status == 403)
      #expect(try ask(1, "/auth", "OPTIONS").status == 403)
      #expect(try ask(1, "/healthz", "POST").status == 405)
      for method in ["GET", "HEAD"] { #expect(try ask(1, "/healthz", method).status == 200) }
      #expect(try ask(9, "/healthz").status == 200)
      #expect(try ask(1, "/readyz", port: world.operationsPort).status == 200)
      await world.server.drain(within: .seconds(1))
      let denials = try await world.audit("request.denied").filter { $0.subject == "reason:forbidden" }
      #expect(denials.contains { $0.detail.contains("127.0.0.1") }, "\(denials.map(\.detail))")
      #expect(denials.contains { $0.detail.contains("203.0.113.8") })
    }
  }
}
