import Telemetry
import Testing

@testable import CredentialFlow

@Suite("Clients behind real proxies")
struct RealProxyTests {
  /// Runs `body` with a proxy before the server.
  static func run(
    _ program: GatewayProgram, proxies: String, _ configuration: (_ folder: String, _ port: UInt16, _ daemon: UInt16) -> String,
    _ body: (World, Gateway) async throws -> Void
  ) async throws {
    try await World.run(["proxies": proxies]) { world in
      let proxy = try await Gateway(program) { configuration($0, $1, world.port) }
      do {
        try await body(world, proxy)
      } catch {
        await proxy.stop()
        throw error
      }
      await proxy.stop()
    }
  }

  /// Whom the log calls the client of every request for the key set.
  /// `count` of them: a loop hands its lines over after the turn in which it answered.
  static func clients(_ world: World, _ count: Int) async throws -> [String] {
    var lines: [String] = []
    for _ in 0..<5_000 {
      world.application.log.flush()
      lines = world.log.lines.filter { $0.contains("jwks.json") }
      if lines.count >= count { break }
      try await Task.sleep(for: .milliseconds(1))
    }
    return lines.compactMap { line in line.split(separator: #""client":""#).dropFirst().first?.split(separator: "\"").first.map(String.init)
    }
  }

  static func ask(_ proxy: Gateway, source: UInt8, _ headers: [(String, String)] = [], requests: Int = 1) throws {
    let connection = try Connection(port: proxy.port, source: source)
    for _ in 0..<requests {
      connection.send(Call.bytes("GET", "/.well-known/jwks.json", headers, nil))
      #expect(try connection.answer().status == 200)
    }
  }

  static let spoofs = [("X-Forwarded-For", "6.6.6.6"), ("CF-Connecting-IP", "6.6.6.6"), ("Forwarded", "for=6.6.6.6")]

  @Test("nginx and HAProxy add the client to X-Forwarded-For, behind what the client says", arguments: [GatewayProgram.nginx, .haproxy])
  func forwardedFor(_ program: GatewayProgram) async throws {
    try #require(program.executable != nil)
    let proxies = #"[{"networks":["127.0.0.1"],"dialect":"x-forwarded-for"}]"#
    try await Self.run(program, proxies: proxies) { folder, listen, daemon in
      program == .nginx ? ProxyFile.nginx(to: daemon, in: folder, listen: listen) : ProxyFile.haproxy(to: daemon, listen: listen)
    } _: { world, proxy in
      try Self.ask(proxy, source: 7)
      try Self.ask(proxy, source: 8, Self.spoofs, requests: 2)
      try Self.ask(proxy, source: 9, [("X-Forwarded-For", "6.6.6.6, \""), ("X-Forwarded-For", "")])
      #expect(try await Self.clients(world, 4) == ["127.0.0.7", "127.0.0.8", "127.0.0.8", "127.0.0.9"])
    }
  }
}
