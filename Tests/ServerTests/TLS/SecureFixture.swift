import Primitives
import Server
import Telemetry
import Testing
import Transport

/// A server that speaks TLS with certificates of its own authority, and what tests ask of it.
struct SecureFixture {
  let authority: TestAuthority
  let live: LiveTLS
  let tickets: TicketKeys
  let plain: Fixture
  let clock: ManualClock
  private let recorder: LogRecorder
  private let log: Log

  /// `prepare` makes certificates and says what the settings are; without it there is one, `server.pem`, for localhost.
  static func run(
    protocols: [ApplicationProtocol] = [.http1], loops: Int = 2,
    _ prepare: (TestAuthority) throws -> TLSSettings = { try SecureFixture.settings($0.issue("server")) },
    _ body: (SecureFixture) async throws -> Void
  ) async throws {
    let fixture = try SecureFixture(protocols, loops, prepare)
    do {
      try await body(fixture)
    } catch {
      await fixture.plain.server.drain(within: .milliseconds(50))
      throw error
    }
    await fixture.plain.server.drain(within: .milliseconds(50))
  }

  static func settings(_ certificates: TLSSettings.Certificate...) -> TLSSettings {
    var settings = TLSSettings()
    settings.certificates = certificates
    return settings
  }

  private init(_ protocols: [ApplicationProtocol], _ loops: Int, _ prepare: (TestAuthority) throws -> TLSSettings) throws {
    authority = try TestAuthority()
    clock = ManualClock(at: Now.system())
    recorder = LogRecorder()
    log = recorder.log()
    tickets = TicketKeys(now: clock.now)
    live = try LiveTLS(
      try prepare(authority), listener: "test", protocols: protocols, tickets: tickets, log: log, now: clock.now)
    plain = try Fixture({ $0.loops = loops }, tls: live)
  }

  var address: ListenAddress { plain.address }

  var port: String { String(plain.address.description.split(separator: ":").last ?? "") }

  /// What `openssl s_client` says; it asks for /healthz and waits for the end.
  func openssl(_ options: String..., request: Bool = true) async -> String {
    let words = ["openssl", "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", authority.path("ca.pem")] + options
    let input = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    return await Program.run(words + (request ? ["-ign_eof"] : []), input: request ? input : "")
  }

  /// What is in force: asked for by a handshake.
  func servedSubject() async -> String {
    let text = await openssl()
    return text.split(separator: "\n").first { $0.hasPrefix("subject=") }.map(String.init) ?? text
  }

  /// The lines of this event so far.
  func lines(_ event: String) -> [String] {
    log.flush()
    return recorder.lines.filter { $0.contains("\"event\":\"\(event)\"") }
  }
}
