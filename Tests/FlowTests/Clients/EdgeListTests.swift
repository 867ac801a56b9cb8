import Defense
import Dispatch
import Glibc
import HTTP
import Primitives
import Server
import Synchronization
import Telemetry
import Testing

@testable import CredentialFlow

/// Stands in for `GET /client/v4/ips`.
final class ListService: Sendable {
  let port: UInt16
  private let listener: Int32
  private let state: Mutex<(answers: [String], requests: [String])>

  /// Gives `answers`, whole HTTP messages, in turn; the last one for ever.
  init(_ answers: [String]) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard let port = FreePort.bind(listener, to: 0), listen(listener, 16) == 0 else {
      throw World.Unexpected(what: "no listener: \(errno)")
    }
    self.listener = listener
    self.port = port
    state = Mutex((answers, []))
    DispatchQueue(label: "list").async { self.serve() }
  }

  var url: String { "http://127.0.0.1:\(port)/client/v4/ips" }
  var requests: [String] { state.withLock { $0.requests } }

  func close() { shutdown(listener, Int32(SHUT_RDWR)) }

  private func serve() {
    while true {
      let connection = accept(listener, nil, nil)
      guard connection >= 0 else { break }
      var buffer = [UInt8](repeating: 0, count: 8_192)
      let count = recv(connection, &buffer, buffer.count, 0)
      let answer = state.withLock { state in
        state.requests.append(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
        return state.answers.count > 1 ? state.answers.removeFirst() : state.answers.first ?? ""
      }
      let bytes = Array(answer.utf8)
      _ = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      Glibc.close(connection)
    }
    Glibc.close(listener)
  }

  static func answer(_ body: String, status: String = "200 OK") -> String {
    "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
  }

  static func list(_ more: [String] = [], etag: String) -> String {
    let networks = CloudflareRanges.builtIn.networks.map(\.description) + more
    let (v6, v4) = (networks.filter { $0.contains(":") }, networks.filter { !$0.contains(":") })
    func text(_ networks: [String]) -> String { networks.map { "\"\($0)\"" }.joined(separator: ",") }
    let result = #"{"ipv4_cidrs":[\#(text(v4))],"ipv6_cidrs":[\#(text(v6))],"etag":"\#(etag)"}"#
    return #"{"result":\#(result),"success":true,"errors":[],"messages":[]}"#
  }
}

@Suite("Cloudflare's list, fetched")
struct EdgeListTests {
  private static func settings(_ service: ListService) -> [String: String] {
    ["proxies": #"[{"dialect":"cloudflare"}]"#, "cloudflare.rangesURL": service.url]
  }

  private static func believes(_ world: World, _ address: String) -> Bool {
    guard let address = IPAddress(address) else { return false }
    return world.application.proxies.current.rule(for: .internet(address, port: 1)) == ProxyRule(.cloudflare)
  }

  private static func look(_ world: World) async {
    world.clock.advance(by: .hours(30))
    await world.server.edge.runIfDue()
  }

  @Test("a fetched list is in force at once, survives a restart, and is asked for by its etag")
  func kept() async throws {
    let service = try ListService([
      ListService.answer(ListService.list(["45.131.68.0/22"], etag: "e1")), ListService.answer("", status: "304 Not Modified"),
    ])
    defer { service.close() }
    let folder = try TemporaryFolder()
    try await Template.copy(to: folder)
    let clock = ManualClock(at: World.start)
    try await World.run(in: folder, clock: clock, Self.settings(service)) { world in
      #expect(Self.believes(world, "104.16.0.1") && !Self.believes(world, "45.131.68.1") && !Self.believes(world, "127.0.0.1"))
      await Self.look(world)
      #expect(Self.believes(world, "45.131.68.1") && Self.believes(world, "104.16.0.1"))
      #expect(service.requests.count == 1 && service.requests[0].hasPrefix("GET /client/v4/ips HTTP/1.1\r\n"))
      #expect(!service.requests[0].lowercased().contains("if-none-match"))
    }
    try await World.run(in: folder, clock: clock, Self.settings(service)) { world in
      #expect(Self.believes(world, "45.131.68.1"))
      await Self.look(world)
      #expect(Self.believes(world, "45.131.68.1"))
      #expect(service.requests.count == 2 && service.requests[1].contains(#"If-None-Match: "e1""#))
    }
  }

  @Test(
    "rubbish of every kind changes nothing and is said in the log",
    arguments: [
      ListService.answer("<html>"), ListService.answer(ListService.list(["0.0.0.0/0"], etag: "x")),
      ListService.answer(ListService.list(["127.0.0.0/16"], etag: "x")),
      ListService.answer(ListService.list(etag: "x"), status: "500 Oops"),
      ListService.answer(ListService.list(etag: "x"), status: "302 Found"), ListService.answer("", status: "304 Not Modified"),
      ListService.answer(ListService.list(["45.131.68.0/22"], etag: "x")).replacing("Content-Length: ", with: "Content-Length: 9"),
      ListService.answer(ListService.list(["45.131.68.0/22"], etag: String(repeating: "e", count: 1_000_000))), "", "rubbish\r\n\r\n",
    ])
  func rubbish(_ answer: String) async throws {
    let service = try ListService([answer])
    defer { service.close() }
    try await World.run(Self.settings(service)) { world in
      await Self.look(world)
      #expect(service.requests.count >= 1 && world.server.edge.ranges == .builtIn)
      #expect(Self.believes(world, "104.16.0.1") && !Self.believes(world, "45.131.68.1") && !Self.believes(world, "127.0.0.1"))
      world.application.log.flush()
      #expect(world.log.lines.contains { $0.contains("cloudflare_ranges_kept") })
      #expect(!FileBytes.exists("\(world.path)/cloudflare-ips.json"))
    }
  }

  @Test("a kept file that was spoilt is not believed")
  func spoilt() async throws {
    let folder = try TemporaryFolder()
    try await Template.copy(to: folder)
    try folder.write("cloudflare-ips.json", ListService.list(["0.0.0.0/0"], etag: "x"))
    try await World.run(in: folder, clock: ManualClock(at: World.start), ["proxies": #"[{"dialect":"cloudflare"}]"#]) { world in
      #expect(Self.believes(world, "104.16.0.1") && !Self.believes(world, "192.0.2.1"))
      #expect(world.server.edge.ranges == .builtIn)
    }
  }
}
