import Glibc
import JSON
import Telemetry
import TestVectors
import Testing

@testable import CredentialFlow

/// What a proxy takes for one request has to be one request here. Each proxy gives every request that it passes on a name, in
/// `X-Request-ID`, and puts that name into the answer that it gives for it, as `X-Proxy-ID`; this server repeats the former. Where
/// proxy and server saw different requests in the same bytes, some answer carries two names, or this server has routed a request
/// that no proxy ever named.
@Suite("Request smuggling through nginx and HAProxy")
struct SmugglingTests {
  static let hidden = "GET /auth/me HTTP/1.1\r\nHost: a\r\nX-Hidden: "

  /// Bodies and lengths that two readers may see differently; `{}` is where the hidden request goes.
  static let shapes: [String] = {
    let coding = "Transfer-Encoding: chunked"
    let twice: [String] = [
      "Transfer-Encoding: xchunked", "Transfer-Encoding : chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "X: y\n" + coding,
      "Transfer-Encoding: \u{b}chunked", "Transfer-Encoding:\tchunked", "Transfer-Encoding: chunked, identity",
      "Transfer-Encoding: identity",
      " Transfer-Encoding: chunked", "X: y\r\n Transfer-Encoding: chunked", "Transfer-Encoding\r\n : chunked", "Transfer_Encoding: chunked",
      "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: chunKed", "transfer-encoding:chunked;x=y", "Transfer-Encoding: ,chunked",
      "Transfer-Encoding: chunked\0", "Foo: bar\rTransfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked",
    ]
    let contentFirst = twice.map { "POST /auth HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\($0)\r\n\r\n0\r\n\r\nX{}" }
    let chunkedFirst = twice.map { "POST /auth HTTP/1.1\r\nHost: a\r\n\($0)\r\nContent-Length: 4\r\n\r\n5c\r\n{}\r\n0\r\n\r\n" }
    let lengths = [
      "Content-Length: 0\r\nContent-Length: 44", "Content-Length: 0, 44", "Content-Length: +0", "Content-Length: 0x0", "Content-Length: -1",
      "Content-Length: 00", "Content-Length:", "Content-Length: 0\0", "Content_Length: 44", "Content-Length : 0",
      "Content-Length: 0\r\n 44",
      "Content-Length: 18446744073709551616", "Content-Length: 4294967296",
    ].flatMap { ["POST /auth HTTP/1.1\r\nHost: a\r\n\($0)\r\n\r\n{}", "GET /healthz HTTP/1.1\r\nHost: a\r\n\($0)\r\n\r\n{}"] }
    let chunks = [
      "0\r\n{}", "0\r\n\r\n{}", "0\n\n{}", "00000000000000000\r\n\r\n{}", "0;x\n\r\n\r\n{}", "0 \r\n\r\n{}",
      "1;a=\"\r\n\"\r\nA\r\n0\r\n\r\n{}",
      "-1\r\n{}", "0x0\r\n\r\n{}", "1\r\nAA\r\n0\r\n\r\n{}", "1\r\nA\n0\r\n\r\n{}", "1\nA\r\n0\r\n\r\n{}", "10000000000000000\r\n{}",
      "0\r\nContent-Length: 44\r\n\r\n{}",
      "0\r\n\n{}", "0\r\r\n{}", " 0\r\n\r\n{}", "g\r\n{}",
    ].map { "POST /auth HTTP/1.1\r\nHost: a\r\n\(coding)\r\n\r\n\($0)" }
    let others = [
      "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 44\r\n\r\n{}",
      "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 44\r\n\r\n{}",
      "POST /auth HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 44\r\n\r\n{}", "GET /healthz HTTP/1.1\nHost: a\n\n{}",
      "GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n{}", "GET /healthz HTTP/1.0\r\nContent-Length: 44\r\n\r\n{}",
      "POST /auth HTTP/1.0\r\n\(coding)\r\n\r\n0\r\n\r\n{}", "GET http://a/healthz HTTP/1.1\r\nHost: b\r\n\r\n{}", "GET /healthz\r\n\r\n{}",
      "GET /%0d%0aX:%20y HTTP/1.1\r\nHost: a\r\n\r\n{}", "GET /a%20HTTP/1.1%0d%0a%0d%0aGET%20/auth/me HTTP/1.1\r\nHost: a\r\n\r\n",
      "HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n{}", "OPTIONS /auth HTTP/1.1\r\nHost: a\r\nContent-Length: 44\r\n\r\n{}",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{}",
      "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Transfer-Encoding\r\n\(coding)\r\n\r\n0\r\n\r\n{}",
      "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: X-Request-ID, Content-Length\r\nContent-Length: 44\r\n\r\n{}",
      "GET /healthz HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n{}",
    ]
    return contentFirst + chunkedFirst + lengths + chunks + others
  }()

  static let payloads: [[UInt8]] =
    VectorFile.lines("http-malformed.txt").map(\.bytes) + shapes.map { Array($0.replacing("{}", with: hidden).utf8) }

  /// Ends the hidden request's field, where one was begun, and is a request of its own where not.
  static let following = Array("\r\n\r\nGET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8)

  @Test("what the proxy thinks one request is, we think one request is", arguments: [GatewayProgram.nginx, .haproxy])
  func differential(_ program: GatewayProgram) async throws {
    try #require(program.executable != nil)
    #expect(Self.payloads.count >= 350)
    try await RealProxyTests.run(program, proxies: "[]") { folder, listen, daemon in
      program == .nginx ? ProxyFile.nginx(to: daemon, in: folder, listen: listen) : ProxyFile.haproxy(to: daemon, listen: listen)
    } _: { world, proxy in
      var answers: [Answer] = []
      // All of a batch are on their way at once, over the few connections that the proxy keeps to the server.
      for start in stride(from: 0, to: Self.payloads.count, by: 60) {
        let batch = try Self.payloads[start..<min(start + 60, Self.payloads.count)].map { payload in
          let connection = try Connection(port: proxy.port)
          connection.send(payload + Self.following)
          return (connection, payload)
        }
        for (connection, payload) in batch {
          let isHead = payload.starts(with: Array("HEAD".utf8))
          while let answer = try? connection.answer(isHead: isHead) { answers.append(answer) }
        }
        // Whoever comes next over the same connections gets an answer, and it is his own.
        for _ in 0..<8 {
          let honest = try proxy.ask("GET", "/.well-known/jwks.json")
          #expect(honest.status == 200 && honest.text.contains("keys"), "\(honest)")
          answers.append(honest)
        }
      }
      let requests = Self.requests(world)
      Self.expectOneNameEach(answers, unreadable: Set(requests.filter { $0["reason"] != nil }.compactMap { $0["request_id"]?.string }))
      Self.expectNamed(requests.filter { $0["reason"] == nil }, by: program)
    }
  }

  /// What the server saw, from its log.
  private static func requests(_ world: World) -> [JSONValue] {
    world.application.log.flush()
    return world.log.lines.compactMap { try? JSONValue(parsing: Array($0.utf8)) }.filter { $0["event"]?.string == "request" }
  }

  /// Of the answers that came from the server, each is for the request that the proxy thinks it is for. What the server could not read
  /// has no name; it was refused, and its connection closed.
  private static func expectOneNameEach(_ answers: [Answer], unreadable: Set<String>) {
    let passed = answers.filter { $0["X-Request-ID"] != nil }
    #expect(passed.count >= 100, "\(passed.count) of \(answers.count)")
    for answer in passed where answer["X-Request-ID"] != answer["X-Proxy-ID"] {
      #expect(answer.status >= 400 && unreadable.contains(answer["X-Request-ID"] ?? ""), "\(answer.status) \(answer.headers)")
    }
    let names = passed.compactMap { $0["X-Request-ID"] }
    #expect(Set(names).count == names.count)
  }

  /// No request was served that no proxy has named.
  private static func expectNamed(_ requests: [JSONValue], by program: GatewayProgram) {
    #expect(requests.count >= 100)
    for request in requests {
      let name = request["request_id"]?.string ?? ""
      let isNamed = program == .nginx ? name.utf8.count == 32 && !name.contains("-") : name.hasPrefix("proxy-")
      #expect(isNamed, "\(request["route"]?.string ?? "")")
    }
  }
}
