import Glibc
import Dispatch
import Primitives
import Server
import Telemetry
import Testing
import Transport

@Suite("under pressure a server", .timeLimit(.minutes(1)))
struct EnduranceTests {
  @Test(
    "tells a client whose head, or body, does not come in time, and closes",
    arguments: ["GET /healthz HT", "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe"])
  func endsSlowRequests(start: String) async throws {
    let change: (inout ServerSettings) -> Void = {
      $0.headerTimeout = .milliseconds(100)
      $0.bodyTimeout = .milliseconds(100)
    }
    try await Fixture.run(change) { fixture in
      let client = try fixture.client()
      client.send(start)
      #expect(try client.answer().status == 408)
      client.finishSending()
      #expect(try client.isAtEnd())
    }
  }

  @Test("closes an idle connection without a word")
  func closesIdle() async throws {
    try await Fixture.run {
      $0.idleTimeout = .milliseconds(100)
    } _: { fixture in
      let fresh = try fixture.client()
      let used = try fixture.client()
      used.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try used.answer().status == 200)
      // The server lingers for an end from our side once it has said its own.
      #expect(try fresh.isAtEnd())
      #expect(try used.isAtEnd())
    }
  }

  @Test("stops producing for a client that does not read, and cuts it off in the end")
  func endsSlowReaders() async throws {
    try await Fixture.run {
      $0.writeTimeout = .milliseconds(300)
    } _: { fixture in
      let client = try Client(fixture.address, receiveBuffer: 4096)
      client.send(String(repeating: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n", count: 50))
      let other = try fixture.client()
      other.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try other.answer().status == 200)
      let deadline = ContinuousClock.now + .seconds(10)
      while fixture.server.openConnections > 1, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
      #expect(fixture.server.openConnections == 1)
      #expect(try client.rest().utf8.count < 20 << 20)
    }
  }

  @Test("sends a large answer whole to a client that reads slowly")
  func sendsLargeAnswers() async throws {
    try await Fixture.run { fixture in
      let client = try Client(fixture.address, receiveBuffer: 4096)
      client.send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(try client.answer().body.utf8.count == 1 << 20)
      #expect(try client.isAtEnd())
    }
  }

  @Test("drains: answers what is in flight with Connection: close, takes nobody new, and ends")
  func drains() async throws {
    let fixture = try Fixture()
    let client = try fixture.client()
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
    while fixture.gate.waitingCount == 0 { await Task.yield() }
    async let drained: Void = fixture.server.drain(within: .seconds(10))
    var isRefused = false
    while !isRefused {
      isRefused = (try? fixture.client()) == nil
      await Task.yield()
    }
    fixture.gate.open()
    let answer = try client.answer()
    #expect(answer.body == "waited\n")
    #expect(answer["Connection"] == "close")
    client.finishSending()
    await drained
    #expect(fixture.server.openConnections == 0)
  }

  @Test("loses no answer when it drains under load")
  func drainsUnderLoad() async throws {
    let fixture = try Fixture()
    let address = fixture.address
    let results = (0..<8).map { worker in
      let path = worker % 2 == 0 ? "/now" : "/echo"
      return AsyncStream<Bool> { stream in
        // Threads of their own: these clients block, and would keep the test's own tasks from running.
        DispatchQueue(label: "client").async {
          stream.yield(Self.isAnsweredToTheEnd(address, path))
          stream.finish()
        }
      }
    }
    while fixture.server.openConnections < 8 { try await Task.sleep(for: .milliseconds(1)) }
    await fixture.server.drain(within: .seconds(10))
    var lost = 0
    for result in results { for await isAnswered in result where !isAnswered { lost += 1 } }
    #expect(lost == 0)
  }

  @Test("cuts what is still there when the time to drain is over")
  func drainsInTime() async throws {
    let fixture = try Fixture()
    let client = try fixture.client()
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
    while fixture.gate.waitingCount == 0 { await Task.yield() }
    await fixture.server.drain(within: .milliseconds(100))
    #expect(try client.isAtEnd())
    fixture.gate.open()
  }

  /// Asks again and again until the server says that it closes; `false` where a request had no answer.
  private static func isAnsweredToTheEnd(_ address: ListenAddress, _ path: String) -> Bool {
    guard let client = try? Client(address) else { return true }
    while client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi") {
      guard let answer = try? client.answer() else { return false }
      if answer["Connection"] == "close" { return true }
    }
    return false
  }
}

struct GoneClientTests {
  @Test("an answer whose client has gone away reaches nobody else", arguments: 0..<20)
  func abandonedAnswer(round: Int) async throws {
    try await Fixture.run {
      $0.loops = 1
    } _: { fixture in
      let victim = try fixture.client()
      victim.send("GET /wait HTTP/1.1\r\nHost: a\r\nX-Request-ID: victim\r\n\r\n")
      while fixture.gate.waitingCount == 0 { try await Task.sleep(for: .milliseconds(1)) }
      victim.reset()
      let deadline = ContinuousClock.now + .seconds(10)
      while fixture.server.openConnections > 0, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(1)) }
      fixture.gate.open()
      let stranger = try fixture.client()
      for number in 0..<3 {
        stranger.send("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Request-ID: stranger-\(number)\r\n\r\n")
        let answer = try stranger.answer()
        #expect(answer.body == "ok\n" && answer["x-request-id"] == "stranger-\(number)")
      }
    }
  }

  @Test("a deadline counts from the event that sets it, however long the loop slept before")
  func deadlineAfterSleep() async throws {
    try await Fixture.run {
      $0.loops = 1
      $0.headerTimeout = .seconds(2)
    } _: { fixture in
      let client = try fixture.client()
      client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.answer().status == 200)
      // The silence is what is tested: nothing tells of it but the clock. Without giving the thread away, or the other tests
      // decide how long it lasts.
      usleep(2_500_000)
      client.send("GET /healthz HTTP/1.1\r\n")
      usleep(60_000)
      client.send("Host: a\r\n\r\n")
      #expect(try client.answer().status == 200)
    }
  }
}

struct ListeningTests {
  @Test("an address on which somebody listens is refused with its reason, and nothing crashes")
  func takenPort() async throws {
    try await Fixture.run { fixture in
      let second = try HTTPServer(settings: ServerSettings(), routes: [], log: .discarding, now: .system)
      #expect(throws: ListenError.self) { try second.start(on: [fixture.address]) }
      #expect(ListenAddress("127.0.0.1") == nil && ListenAddress("foo") == nil && ListenAddress("127.0.0.1:99999") == nil)
    }
  }
}
