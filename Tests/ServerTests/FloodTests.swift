import Dispatch
import Glibc
import Primitives
import Server
import Telemetry
import Testing
import Transport

@Suite("in a flood a server", .timeLimit(.minutes(1)))
struct FloodTests {
  private static let question = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"

  private static func isServed(_ client: Client) throws -> Bool {
    client.send(question)
    return try client.answer().status == 200
  }

  /// What a connection is told that there is no room for.
  private static func expectRefusal(_ client: Client) throws {
    let answer = try client.answer()
    #expect(answer.status == 503 && answer["Retry-After"] == "5" && answer["Connection"] == "close")
    #expect(answer.body.contains("overloaded") && answer["X-Request-ID"] != nil)
    #expect(try client.isAtEnd())
  }

  private static func eventually(_ condition: () -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(20)
    while !condition(), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
    return condition()
  }

  @Test("tells connections past the most for one address, closes them, and takes new ones when others go")
  func capsPerAddress() async throws {
    try await Fixture.run {
      $0.connectionsPerAddress = 3
    } _: { fixture in
      var clients = try (0..<3).map { _ in try fixture.client() }
      for client in clients { #expect(try Self.isServed(client)) }
      let refused = try fixture.client()
      refused.send(Self.question)
      try Self.expectRefusal(refused)
      clients.removeLast()
      #expect(try await Self.eventually { fixture.server.openConnections < 3 })
      #expect(try Self.isServed(try fixture.client()))
      #expect(try Self.isServed(clients[0]))
    }
  }

  @Test("tells connections past the most in all where everybody is being answered, and closes nobody for them")
  func capsInAll() async throws {
    try await Fixture.run {
      $0.connections = 2
    } _: { fixture in
      let busy = try (0..<2).map { _ in try fixture.client() }
      for client in busy { client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n") }
      #expect(try await Self.eventually { fixture.gate.waitingCount == 2 })
      for _ in 0..<3 { try Self.expectRefusal(try fixture.client()) }
      fixture.gate.open()
      for client in busy { #expect(try client.answer().body == "waited\n") }
    }
  }

  @Test("makes room for new connections by closing who is idle, the longest first")
  func sparesIdle() async throws {
    try await Fixture.run {
      $0.loops = 1
      $0.connections = 66
    } _: { fixture in
      let old = try (0..<40).map { _ in try fixture.client() }
      for client in old { #expect(try Self.isServed(client)) }
      // Two ticks of the loop's clock: what is told apart is when somebody was last heard of.
      usleep(250_000)
      let young = try (0..<26).map { _ in try fixture.client() }
      for client in young { #expect(try Self.isServed(client)) }
      let late = try fixture.client()
      #expect(try Self.isServed(late))
      for client in young { #expect(try Self.isServed(client)) }
      let gone = old.filter { (try? Self.isServed($0)) != true }
      #expect(gone.count == 32)
    }
  }

  @Test(
    "makes room for new connections by closing who does not get on with a request, and not who does",
    arguments: ["GET /healthz HT", "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe"])
  func sparesSlow(start: String) async throws {
    try await Fixture.run {
      $0.loops = 1
      $0.connections = 8
      $0.headerTimeout = .seconds(60)
      $0.bodyTimeout = .seconds(60)
    } _: { fixture in
      let slow = try (0..<7).map { _ in try fixture.client() }
      for client in slow { client.send(start) }
      let busy = try fixture.client()
      busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try await Self.eventually { fixture.gate.waitingCount == 1 })
      // A second's patience.
      usleep(1_300_000)
      #expect(try Self.isServed(try fixture.client()))
      fixture.gate.open()
      #expect(try busy.answer().body == "waited\n")
    }
  }

  @Test("keeps no more unread answers than it may: the slowest readers go, and others are served")
  func boundsUnreadOutput() async throws {
    try await Fixture.run {
      $0.loops = 1
      $0.unreadOutput = 100_000
      $0.writeTimeout = .seconds(60)
    } _: { fixture in
      let readers = try (0..<12).map { _ in try Client(fixture.address, receiveBuffer: 4096) }
      let pipeline = String(repeating: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n", count: 50)
      for reader in readers { reader.send(pipeline) }
      // Each keeps up to a megabyte of its own, besides what the kernel holds.
      #expect(try await Self.eventually { fixture.server.openConnections <= 3 })
      #expect(try Self.isServed(try fixture.client()))
    }
  }

  @Test("keeps no more of unfinished requests than it may: who is slow goes, then who holds the most, and others are served")
  func boundsUnfinishedInput() async throws {
    try await Fixture.run {
      $0.loops = 1
      $0.unfinishedInput = 1 << 20
      $0.bodyTimeout = .seconds(100)
    } _: { fixture in
      let part = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 16000\r\n\r\n" + String(repeating: "a", count: 15_000)
      var slow: [Client] = []
      // Each is waited for until the server has it, so that all of it is held at once.
      for number in 0..<100 {
        let client = try fixture.client()
        client.send(part)
        slow.append(client)
        if number % 20 == 19 { #expect(try Self.isServed(try fixture.client())) }
      }
      #expect(try await Self.eventually { fixture.server.openConnections < 80 })
      #expect(try Self.isServed(try fixture.client()))
      // Over HTTP/2: heads that are large only when they are decompressed.
      let large = [0x40] + Frame.text(Array("x".utf8)) + Frame.text([UInt8](repeating: 97, count: 3_900))
      let others = try (0..<4).map { _ in try fixture.frameClient() }
      #expect(try Self.isServed(try fixture.client()))
      let most = fixture.server.openConnections
      for round in 0..<90 {
        for client in others {
          let first = Frame.block(FrameClient.request("POST", "/echo")) + (round == 0 ? large : [0xBE]) + [0xBE, 0xBE]
          client.socket.send(Frame(.headers, Frame.endHeaders, stream: UInt32(2 * round + 1), first).bytes)
        }
      }
      #expect(try await Self.eventually { fixture.server.openConnections < most - 1 })
      #expect(try Self.isServed(try fixture.client()))
      withExtendedLifetime((slow, others)) {}
    }
  }

  @Test("keeps the connection that many share, though each of a crowd with half a request holds less than it")
  func keepsShared() async throws {
    try await Fixture.run {
      $0.loops = 1
      $0.unfinishedInput = 1 << 20
    } _: { fixture in
      let shared = try fixture.frameClient()
      let streams = (0..<20).map { _ in shared.get("/wait") }
      #expect(try await Self.eventually { fixture.gate.waitingCount == 20 })
      let half = "GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 15_000)
      let strangers = try (0..<200).map { _ in
        let client = try fixture.client()
        client.send(half)
        return client
      }
      #expect(try await Self.eventually { fixture.server.openConnections < 150 })
      fixture.gate.open()
      for _ in streams { #expect(try shared.ending().1.status == 200) }
      withExtendedLifetime(strangers) {}
    }
  }

  @Test("gives everybody a turn: a long pipeline does not keep others waiting")
  func sharesTurns() async throws {
    let fixture = try Fixture { $0.loops = 1 }
    let (greedy, modest) = (try fixture.client(), try fixture.client())
    for client in [greedy, modest] { #expect(try Self.isServed(client)) }
    // The loop is held until both have sent.
    let (isHeld, isSent) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    fixture.server.loops[0].execute {
      isHeld.signal()
      isSent.wait()
    }
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        isHeld.wait()
        continuation.resume()
      }
    }
    let count = 200
    greedy.send(String(repeating: "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Request-ID: greedy\r\n\r\n", count: count))
    modest.send("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Request-ID: modest\r\n\r\n")
    isSent.signal()
    #expect(try modest.answer()["X-Request-ID"] == "modest")
    for _ in 0..<count { #expect(try greedy.answer().status == 200) }
    await fixture.server.drain(within: .seconds(5))
    let before = fixture.log.lines.prefix { !$0.contains("\"modest\"") }.count { $0.contains("\"greedy\"") }
    #expect(before <= 64)
    #expect(fixture.log.lines.count { $0.contains("\"greedy\"") } == count)
  }

  @Test("answers a pipeline of ten thousand in order")
  func longPipeline() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.client()
      let count = 10_000
      let bytes = (0..<count).map { "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n\($0 + 10_000)" }.joined()
      // A thread of its own, for it blocks while the answers are not read.
      let descriptor = client.descriptor
      DispatchQueue(label: "sender").async {
        var rest = Array(bytes.utf8)[...]
        while !rest.isEmpty {
          let sent = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
          guard sent > 0 else { return }
          rest = rest.dropFirst(sent)
        }
      }
      for number in 0..<count { #expect(try client.answer().body == "\(number + 10_000)") }
      client.finishSending()
      #expect(try client.isAtEnd())
    }
  }
}
