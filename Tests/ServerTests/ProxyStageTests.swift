import HTTP
import Primitives
import Server
import Telemetry
import Testing
import Transport

@Suite("connections that a proxy announces")
struct ProxyStageTests {
  private static let rules = ClientRules(
    proxies: LiveProxies([ProxySettings(networks: [IPNetwork("127.0.0.1")].compactMap { $0 }, .proxyProtocol)]), takesProxyHeaders: true)

  private static func run(_ change: (inout ServerSettings) -> Void = { _ in }, _ body: (Fixture) async throws -> Void) async throws {
    try await Fixture.run(change, clients: rules, body)
  }

  private static let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
  private static func header(_ address: String) -> String { "PROXY TCP4 \(address) 198.51.100.1 4711 443\r\n" }

  /// Whom the log names.
  private static func clients(_ fixture: Fixture) async -> [String] {
    await fixture.server.drain(within: .milliseconds(200))
    return fixture.log.lines.filter { $0.contains(#""event":"request""#) }.compactMap {
      $0.split(separator: #""client":""#).dropFirst().first?.split(separator: "\"").first.map(String.init)
    }
  }

  @Test("every good header is taken to its last byte, whole, with the request behind it, and byte by byte")
  func takes() async throws {
    let good = AnnouncedConnection.all.filter { !["malformed", "incomplete"].contains($0.meaning) }
    try await Self.run { fixture in
      for sent in good {
        let whole = try fixture.client()
        whole.send(sent.bytes + Array(Self.request.utf8) + Array(Self.request.utf8))
        for _ in 0..<2 { #expect(try whole.answer().status == 200, "\(sent.title)") }
        guard sent.bytes.count < 120 else { continue }
        let pieces = try fixture.client()
        for byte in sent.bytes + Array(Self.request.utf8) { pieces.send([byte]) }
        #expect(try pieces.answer().status == 200, "\(sent.title)")
      }
      let named = good.flatMap { sent in [String](repeating: sent.meaning, count: sent.bytes.count < 120 ? 3 : 2) }
      let expected = named.map { $0 == "peer" ? "127.0.0.1" : $0 }
      #expect(await Self.clients(fixture).sorted() == expected.sorted())
    }
  }

  @Test("without a good header the connection is closed and nothing is answered or served")
  func refuses() async throws {
    try await Self.run { fixture in
      for sent in AnnouncedConnection.all where sent.meaning == "malformed" {
        let client = try fixture.client()
        client.send(sent.bytes + Array(Self.request.utf8))
        #expect(try client.rest().isEmpty, "\(sent.title)")
      }
      for sent in AnnouncedConnection.all where sent.meaning == "incomplete" {
        let client = try fixture.client()
        client.send(sent.bytes)
        client.finishSending()
        #expect(try client.rest().isEmpty, "\(sent.title)")
      }
      #expect(await Self.clients(fixture).isEmpty)
      #expect(fixture.log.lines.contains { $0.contains("proxy_header_refused") && $0.contains("malformed") })
    }
  }

  @Test("a header that does not come in time closes the connection, however it drips")
  func late() async throws {
    try await Self.run({ $0.headerTimeout = .milliseconds(300) }) { fixture in
      let silent = try fixture.client()
      let begun = try fixture.client()
      begun.send("PROXY TCP4 192.0.2.1")
      #expect(try silent.isAtEnd() && begun.isAtEnd())
    }
  }

  @Test(
    "from anybody else the header is no request",
    arguments: [
      "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n", "\r\n\r\n\0\r\nQUIT\n\u{21}\u{11}\0\u{c}abcdefghijkl",
    ])
  func strangers(_ header: String) async throws {
    try await Fixture.run { fixture in
      let client = try fixture.client()
      client.send(header + Self.request)
      #expect(try client.answer().status == 400)
      #expect(try client.isAtEnd())
      #expect(await Self.clients(fixture) == ["127.0.0.1"])
    }
  }

  @Test("connections are counted for the announced client, not for the proxy, and given back")
  func quota() async throws {
    try await Self.run({ $0.connectionsPerAddress = 2 }) { fixture in
      func open(_ address: String) throws -> Client {
        let client = try fixture.client()
        client.send(Self.header(address) + Self.request)
        return client
      }
      var held: [Client] = []
      for address in ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        let client = try open(address)
        #expect(try client.answer().status == 200, "\(address)")
        held.append(client)
      }
      #expect(try open("192.0.2.1").isAtEnd())
      held.removeFirst()
      // The server learns of the end by itself; until then the place is taken.
      var isFree = false
      for _ in 0..<1_000 where !isFree { isFree = (try? open("192.0.2.1").answer().status) == 200 }
      #expect(isFree)
      #expect(fixture.server.openConnections <= 5)
    }
  }

  @Test("what the client sends in its request names nobody once the connection is announced")
  func headers() async throws {
    try await Self.run { fixture in
      let client = try fixture.client()
      let fields = "X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nCF-Connecting-IP: 6.6.6.6\r\n"
      client.send(Self.header("192.0.2.7") + "GET /healthz HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
      #expect(try client.answer().status == 200)
      // A second header is no request.
      client.send(Self.header("192.0.2.8") + Self.request)
      #expect(try client.answer().status == 400)
      #expect(await Self.clients(fixture) == ["192.0.2.7", "192.0.2.7"])
    }
  }
}
