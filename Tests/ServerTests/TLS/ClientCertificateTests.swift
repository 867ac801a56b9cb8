import Glibc
import Primitives
import Synchronization
import Telemetry
import Testing
import Transport

@Suite("clients' certificates", .timeLimit(.minutes(2)))
struct ClientCertificateTests {
  static let shown = ["none", "good", "self-made", "expired", "foreign"]

  /// Settings whose clients need certificates of `ca.pem`, and one client of each kind.
  private static func prepare(_ authority: TestAuthority, _ demand: TLSSettings.Demand) throws -> TLSSettings {
    try authority.issue("good", for: [])
    try authority.issue("self-made", for: [], isOwn: true)
    try authority.issue("expired", for: [], from: -7200, until: -3600)
    let other = try TestAuthority()
    try other.issue("foreign", for: [])
    for name in ["foreign.pem", "foreign.key"] { rename(other.path(name), authority.path(name)) }
    var settings = SecureFixture.settings(try authority.issue("server"))
    settings.clientCA = authority.path("ca.pem")
    settings.clientCertificate = demand
    return settings
  }

  private func options(_ fixture: SecureFixture, _ shown: String) -> [String] {
    shown == "none" ? [] : ["-cert", fixture.authority.path("\(shown).pem"), "-key", fixture.authority.path("\(shown).key")]
  }

  private func isServed(_ fixture: SecureFixture, _ options: [String]) async -> Bool {
    let words = ["openssl", "s_client", "-connect", "127.0.0.1:\(fixture.port)", "-ign_eof"] + options
    return await Program.run(words, input: "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").contains("HTTP/1.1 200 OK")
  }

  @Test(
    "are asked for or not, and one that is shown has to be good",
    arguments: [
      (TLSSettings.Demand.off, shown), (.optional, ["none", "good"]), (.required, ["good"]),
    ])
  func demands(demand: TLSSettings.Demand, good: [String]) async throws {
    try await SecureFixture.run {
      try Self.prepare($0, demand)
    } _: { fixture in
      for shown in Self.shown {
        for version in ["-tls1_2", "-tls1_3"] {
          #expect(await isServed(fixture, [version] + options(fixture, shown)) == good.contains(shown), "\(shown) \(version)")
        }
      }
    }
  }

  @Test("count in a session that is resumed, until other authorities are in force", arguments: ["-tls1_2", "-tls1_3"])
  func resumption(version: String) async throws {
    try await SecureFixture.run {
      try Self.prepare($0, .required)
    } _: { fixture in
      let ticket = fixture.authority.path("ticket")
      #expect(await isServed(fixture, [version, "-sess_out", ticket] + options(fixture, "good")))
      #expect(await isServed(fixture, [version, "-sess_in", ticket]))
      var settings = try Self.prepare(fixture.authority, .required)
      settings.clientCA = fixture.authority.path("server.pem")
      #expect(fixture.live.reload(settings))
      #expect(await isServed(fixture, [version, "-sess_in", ticket]) == false)
    }
  }

  @Test("are known on the connection by subject and fingerprint, and so is the protocol")
  func known() async throws {
    let authority = try TestAuthority()
    var settings = try Self.prepare(authority, .optional)
    settings.handshakeTimeout = .seconds(5)
    let live = try LiveTLS(settings, listener: "test", protocols: [.http2, .http1], log: .discarding, now: .system)
    let loop = try EventLoop(label: "test")
    let listener = try Listener(.internet(.loopback, port: 0), isFirst: true)
    let facts = Facts()
    loop.start()
    loop.execute {
      let entrance = TLSEntrance(live, plainAnswer: [])
      let reception = ListenerReception(
        accepted: { connection in
          connection.enter([entrance.handshake(for: connection.peer)]) { connection in
            facts.add(connection.clientCertificate, connection.negotiatedProtocol)
            connection.close()
          }
        }, refusal: { [] }, failed: { _ in })
      loop.listen(listener, quota: ConnectionQuota(most: 10, mostPerAddress: 10), reception: reception)
    }
    let port = String(listener.address.description.split(separator: ":").last ?? "")
    let start = ["openssl", "s_client", "-connect", "127.0.0.1:\(port)", "-ign_eof"]
    let good = ["-cert", authority.path("good.pem"), "-key", authority.path("good.key")]
    _ = await Program.run(start + good + ["-alpn", "h2"])
    _ = await Program.run(start)
    let fingerprint = await Program.run(["openssl", "x509", "-in", authority.path("good.pem"), "-noout", "-fingerprint", "-sha256"])
    loop.stop()
    let seen = facts.all
    #expect(seen.count == 2)
    #expect(seen.first?.certificate?.subject == "CN=client")
    #expect(fingerprint.lowercased().filter { $0.isHexDigit }.hasSuffix(Hex.encode(seen.first?.certificate?.fingerprint ?? [1])))
    #expect(seen.first?.negotiated == .http2)
    #expect(seen.last?.certificate == nil)
    #expect(seen.last?.negotiated == nil)
  }

  /// What the loop saw.
  private final class Facts: Sendable {
    typealias Fact = (certificate: ClientCertificate?, negotiated: ApplicationProtocol?)

    private let facts = Mutex<[Fact]>([])

    var all: [Fact] { facts.withLock { $0 } }

    func add(_ certificate: ClientCertificate?, _ negotiated: ApplicationProtocol?) {
      facts.withLock { $0.append((certificate, negotiated)) }
    }
  }
}
