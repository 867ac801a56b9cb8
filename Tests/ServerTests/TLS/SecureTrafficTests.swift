import Primitives
import Server
import Testing
import Transport

@Suite("over TLS a connection", .timeLimit(.minutes(2)))
struct SecureTrafficTests {
  /// The beginning of a ClientHello whose rest never comes.
  private static let halfHello: [UInt8] = [0x16, 0x03, 0x01, 0x01, 0x00, 0x01, 0x00, 0x00, 0xFC, 0x03, 0x03]

  @Test("takes handshake and requests a byte at a time")
  func dribbles() async throws {
    try await SecureFixture.run { fixture in
      let client = try SecureClient(fixture.address, chunk: 1)
      for body in ["", "hello", String(repeating: "x", count: 1000)] {
        try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(try client.answer().body == body)
      }
    }
  }

  @Test("answers a pipeline of many records in order, and large answers whole to a slow reader")
  func pipelines() async throws {
    try await SecureFixture.run { fixture in
      let client = try SecureClient(fixture.address, receiveBuffer: 4096)
      let requests = (0..<300).map { "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: \("\($0)".utf8.count)\r\n\r\n\($0)" }
      for request in requests { try client.send(request) }
      for number in 0..<300 { #expect(try client.answer().body == "\(number)") }
      try client.send(requests.joined())
      for number in 0..<300 { #expect(try client.answer().body == "\(number)") }
      try client.send(String(repeating: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n", count: 8))
      for _ in 0..<8 {
        let body = try client.answer().body
        #expect(body.utf8.count == 1 << 20 && body.utf8.allSatisfy { $0 == 120 })
      }
    }
  }

  @Test("survives changes of keys, and thousands of them keep nobody else waiting")
  func keyUpdates() async throws {
    try await SecureFixture.run(loops: 1) { fixture in
      let client = try SecureClient(fixture.address)
      try client.updateKeys()
      try client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.answer().status == 200)
      for _ in 0..<2000 { try client.updateKeys() }
      let other = try SecureClient(fixture.address)
      try other.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try other.answer().status == 200)
      try client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.answer().status == 200)
    }
  }

  @Test("ends with close_notify")
  func closes() async throws {
    try await SecureFixture.run { fixture in
      let client = try SecureClient(fixture.address)
      try client.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(try client.answer().status == 200)
      #expect(try client.isClosedInOrder())
    }
  }

  @Test("whose handshake does not end in time is closed, begun or not")
  func deadline() async throws {
    try await SecureFixture.run { authority in
      var settings = SecureFixture.settings(try authority.issue("server"))
      settings.handshakeTimeout = .milliseconds(200)
      return settings
    } _: { fixture in
      let silent = try Client(fixture.address)
      let slow = try Client(fixture.address)
      slow.send(Self.halfHello)
      #expect(try silent.isAtEnd())
      #expect(try slow.isAtEnd())
      fixture.live.refresh()
      #expect(fixture.lines("tls_handshakes_failed").contains { $0.contains("timed out: 1") })
    }
  }

  @Test("past the bound of handshakes is closed at once, and there is room again when one ends", arguments: [true, false])
  func bound(isByAddress: Bool) async throws {
    try await SecureFixture.run(loops: 1) { authority in
      var settings = SecureFixture.settings(try authority.issue("server"))
      settings.handshakeTimeout = .seconds(60)
      if isByAddress { settings.handshakesPerAddress = 2 } else { settings.handshakes = 2 }
      return settings
    } _: { fixture in
      let slow = [try Client(fixture.address), try Client(fixture.address)]
      for client in slow { client.send(Self.halfHello) }
      #expect(throws: (any Error).self) { try SecureClient(fixture.address) }
      slow[0].reset()
      // The loop hears of the reset before it hears of who comes after.
      let client = try SecureClient(fixture.address)
      try client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.answer().status == 200)
    }
  }

  @Test("that is cut in its handshake, or talks nonsense, or too much, leaves nothing behind")
  func abandoned() async throws {
    try await SecureFixture.run { fixture in
      for _ in 0..<50 {
        let client = try Client(fixture.address)
        client.send(Self.halfHello)
        client.reset()
      }
      for noise in ["\0\0\0\0\0\0", "SSH-2.0-x\r\n", String(repeating: "\u{16}\u{3}\u{1}", count: 100)] {
        let client = try Client(fixture.address)
        client.send(noise)
        client.finishSending()
        _ = try client.rest()
      }
      let lengthy = try Client(fixture.address)
      // Records of a handshake message that says to be of 16 MB.
      let record: [UInt8] = [0x16, 3, 1, 0x40, 0x00, 1, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 0x3FFC)
      for _ in 0..<20 where !lengthy.send(record) { break }
      _ = try lengthy.rest()
      let deadline = ContinuousClock.now + .seconds(10)
      while fixture.plain.server.openConnections > 0, ContinuousClock.now < deadline { await Task.yield() }
      #expect(fixture.plain.server.openConnections == 0)
      let client = try SecureClient(fixture.address)
      try client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.answer().status == 200)
    }
  }

  @Test("that is reset while it is written to does not end the process")
  func resets() async throws {
    try await SecureFixture.run { fixture in
      for _ in 0..<5 {
        let client = try SecureClient(fixture.address, receiveBuffer: 4096)
        try client.send(String(repeating: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n", count: 4))
        client.reset()
      }
      let client = try SecureClient(fixture.address)
      try client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.answer().status == 200)
    }
  }
}
