import Dispatch
import HTTP
import Primitives
import Server
import Testing

/// What a client may repeat without end, if nobody stops it.
struct FrameFlood: Sendable, CustomTestStringConvertible {
  let title: String
  /// Sent once, before.
  var opening: @Sendable () -> [Frame] = { [] }
  /// The frames of one round.
  let round: @Sendable (Int) -> [Frame]

  var testDescription: String { title }

  static let get = FrameClient.request("GET", "/wait")
  static let post = FrameClient.request("POST", "/echo")

  static let all: [FrameFlood] = [
    FrameFlood(title: "requests that are reset at once") { round in
      let stream = UInt32(2 * round + 1)
      return [Frame.fields(get, stream: stream), Frame(.reset, stream: stream, [0, 0, 0, 8])]
    },
    FrameFlood(title: "requests that make us reset them") { round in
      let stream = UInt32(2 * round + 1)
      return [Frame.fields(get, stream: stream), Frame.window(stream, 0x7FFF_FFFF)]
    },
    FrameFlood(title: "malformed requests") { round in [Frame.fields([("A", "b")], stream: UInt32(2 * round + 1))] },
    FrameFlood(title: "PING") { _ in [Frame(.ping, 0, [UInt8](repeating: 7, count: 8))] },
    FrameFlood(title: "SETTINGS") { _ in [Frame.settings([(4, 65_535)])] },
    FrameFlood(title: "empty SETTINGS") { _ in [Frame.settings([])] },
    FrameFlood(title: "acknowledgements of SETTINGS") { _ in [Frame(.settings, Frame.acknowledgement)] },
    FrameFlood(title: "acknowledgements of PING") { _ in [Frame(.ping, Frame.acknowledgement, [UInt8](repeating: 7, count: 8))] },
    FrameFlood(title: "PRIORITY") { _ in [Frame(.priority, stream: 1, [0, 0, 0, 0, 16])] },
    FrameFlood(title: "windows by a byte") { _ in [Frame.window(0, 1)] },
    FrameFlood(title: "unknown frames") { _ in [Frame(type: 200)] },
    FrameFlood(title: "empty DATA", opening: { [Frame.fields(post, stream: 1, ends: false)] }) { _ in [Frame(.data, stream: 1)] },
    FrameFlood(title: "padded empty DATA", opening: { [Frame.fields(post, stream: 1, ends: false)] }) { _ in
      [Frame(.data, 8, stream: 1, [3, 0, 0, 0])]
    },
    FrameFlood(title: "CONTINUATION", opening: { [Frame(.headers, 1, stream: 1, Frame.block(get))] }) { _ in
      [Frame(.continuation, 0, stream: 1, Frame.block([("x", "y")]))]
    },
    FrameFlood(title: "empty CONTINUATION", opening: { [Frame(.headers, 1, stream: 1, Frame.block(get))] }) { _ in
      [Frame(.continuation, 0, stream: 1)]
    },
    // 4 KiB into the table, and then a reference to it in each byte.
    FrameFlood(title: "fields that grow when they are decompressed") { round in
      let large = [0x40] + Frame.text(Array("x".utf8)) + Frame.text([UInt8](repeating: 97, count: 4000))
      let block = Frame.block(get) + large + [UInt8](repeating: 0xBE, count: 10_000)
      return [Frame(.headers, 5, stream: UInt32(2 * round + 1), block)]
    },
  ]
}

@Suite("floods over HTTP/2", .timeLimit(.minutes(2)))
struct HTTP2FloodTests {
  @Test("of every kind end with GOAWAY and the connection, with bounded work, and nobody else notices", arguments: FrameFlood.all)
  func ends(flood: FrameFlood) async throws {
    try await Fixture.run {
      $0.loops = 1
    } _: { fixture in
      let client = try fixture.frameClient()
      client.socket.send(flood.opening().flatMap(\.bytes))
      // A thread of its own: the server stops reading when it has had enough, and whoever sends has to wait.
      let sent = DispatchQueue(label: "flood")
      // `nonisolated(unsafe)`: sending and receiving touch different halves of the socket.
      nonisolated(unsafe) let socket = client.socket
      sent.async {
        for start in stride(from: 0, to: 10_000, by: 100) {
          guard socket.send((start..<start + 100).flatMap { flood.round($0).flatMap(\.bytes) }) else { return }
        }
        socket.finishSending()
      }
      let code = try client.first(.goAway).code
      // ENHANCE_YOUR_CALM, or PROTOCOL_ERROR where the library finds a rule broken before our ration is used up.
      #expect([11, 1].contains(code), "\(code)")
      _ = try? client.socket.rest()
      #expect(fixture.gate.waitingCount <= 200)
      let other = try fixture.frameClient()
      #expect(try other.answer(other.get("/healthz")).status == 200)
      fixture.gate.open()
      sent.sync {}
    }
  }

  @Test("bodies that come before anybody has looked at their requests have a bound together, past which streams are refused")
  func boundsWaitingBodies() throws {
    let connection = try #require(HTTP2Connection(HTTP2Library(isStrict: false), streamLimit: 100))
    var output: [UInt8] = []
    func receive(_ frames: Frame...) {
      let bytes = frames.flatMap(\.bytes)
      connection.receive(bytes.span, at: 1)
      connection.send(into: &output, bodies: false)
    }
    let preface = FrameClient.preface
    connection.receive(preface.span, at: 1)
    receive(Frame.settings([]))
    // Nobody asks for events: as where answers wait for the client's windows.
    let piece = [UInt8](repeating: 0, count: 16_000)
    for stream in stride(from: UInt32(1), to: 199, by: 2) {
      receive(Frame.fields(FrameClient.request("POST", "/echo"), stream: stream, ends: false))
      for _ in 0..<3 { receive(Frame(.data, stream: stream, piece)) }
      #expect(connection.reservedBytes <= 1 << 20)
    }
    let refused = Frame(.reset, stream: 199 - 2, Frame.number(7)).bytes
    #expect(output.firstRange(of: refused) != nil)
    // Nor do events wait for those: a client may have them refused without end.
    var routes = 0
    while let event = connection.nextEvent() { if case .route = event { routes += 1 } }
    #expect((1...30).contains(routes), "\(routes)")
  }

  @Test("an answer without a body ends its stream at once, and nothing is held of it")
  func holdsNothingOfTheEnded() throws {
    let connection = try #require(HTTP2Connection(HTTP2Library(isStrict: false), streamLimit: 100))
    var (date, output) = (DateHeader(), [UInt8]())
    date.update(Instant(microseconds: 0))
    let opening = FrameClient.preface + Frame.settings([]).bytes
    connection.receive(opening.span, at: 1)
    for stream in stride(from: UInt32(1), to: 61, by: 2) {
      let post = Frame.fields(FrameClient.request("POST", "/echo"), stream: stream, ends: false).bytes
      let bytes = post + Frame(.data, Frame.endStream, stream: stream, [UInt8](repeating: 0, count: 2_000)).bytes
      connection.receive(bytes.span, at: 1)
      guard case .route(let opened) = connection.nextEvent() else { throw Unexpected() }
      #expect(try connection.accept(opened, bodyLimit: 4_096) == .isWhole)
      connection.answer(opened, Response(.noContent), requestID: "r", date: date, into: &output)
      connection.forgetRequest(of: opened)
      #expect(connection.openCount == 0 && connection.reservedBytes == 0)
    }
  }

  @Test("what a request brought is given back when it is reset, though nobody has looked at it yet, and nobody has to")
  func forgetsWhatWasReset() throws {
    let connection = try #require(HTTP2Connection(HTTP2Library(isStrict: false), streamLimit: 100))
    func receive(_ bytes: [UInt8]) { connection.receive(bytes.span, at: 1) }
    receive(FrameClient.preface)
    receive(Frame.settings([]).bytes)
    let large = [("x-large", String(repeating: "a", count: 12_000))]
    func reset(_ stream: UInt32) -> [UInt8] { Frame(.reset, stream: stream, Frame.number(8)).bytes }

    receive(Frame.fields(FrameClient.request("GET", "/wait") + large, stream: 1).bytes)
    guard case .route(let seen) = connection.nextEvent() else { throw Unexpected() }
    #expect(seen.head != nil && connection.reservedBytes > 12_000)
    receive(reset(1))
    #expect(seen.head == nil && connection.reservedBytes == 0)
    // One that is refused before it is routed: its path is all that is kept of it, and counted.
    let path = "/" + String(repeating: "p", count: 4_000)
    receive(Frame.fields(FrameClient.request("GET", path) + [("content-length", "x")], stream: 3).bytes)
    guard case .fail(let failed, _) = connection.nextEvent() else { throw Unexpected() }
    #expect(failed.unroutedPath == path && connection.reservedBytes == path.utf8.count)
    receive(reset(3))
    #expect(failed.unroutedPath == nil && connection.reservedBytes == 0)
    guard case .gone = connection.nextEvent() else { throw Unexpected() }
    for stream in stride(from: UInt32(5), to: 99, by: 2) {
      receive(Frame.fields(FrameClient.request("GET", "/wait") + large, stream: stream).bytes + reset(stream))
    }
    #expect(connection.reservedBytes == 0 && connection.heldBytes == 0)
    // Fields of a letter take more than their text, and a stream without any its own.
    receive(Frame.fields(FrameClient.request("GET", "/wait") + Array(repeating: ("a", ""), count: 90), stream: 99).bytes)
    #expect(connection.heldBytes > 90 * 16 + 1_000)
    receive(reset(99))
    #expect(connection.heldBytes == 0)
    if let event = connection.nextEvent() { Issue.record("\(event)") }
  }

  private struct Unexpected: Error {}

  @Test("responders of streams that were reset count as long as they run")
  func countsRunning() async throws {
    try await Fixture.run {
      $0.streams = 10
    } _: { fixture in
      let client = try fixture.frameClient()
      for _ in 0..<50 {
        let stream = client.get("/wait")
        client.send(Frame(.ping, 0, [UInt8](repeating: 1, count: 8)))
        // The answer to the PING says that the request has arrived.
        _ = try client.first(.ping)
        client.send(Frame(.reset, stream: stream, [0, 0, 0, 8]))
      }
      let stream = client.get("/healthz")
      let reset = try client.first { $0.kind == .reset && $0.stream == stream }
      #expect(reset.code == 7)
      #expect(fixture.gate.waitingCount == 10)
      fixture.gate.open()
      var isAnswered = false
      while !isAnswered {
        let next = client.get("/healthz")
        var (ended, ending) = try client.ending()
        while ended != next { (ended, ending) = try client.ending() }
        isAnswered = ending.status == 200
      }
    }
  }

  @Test("an honest client may do a lot of all this beside its requests")
  func servesTheHonest() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.frameClient()
      for round in 0..<500 {
        client.send(Frame(.ping, 0, [UInt8](repeating: 1, count: 8)), Frame.window(0, 10), Frame(.priority, stream: 1, [0, 0, 0, 0, 1]))
        if round % 2 == 0 {
          let stream = client.open(FrameClient.request("POST", "/echo"), ends: false)
          client.send(Frame(.reset, stream: stream, [0, 0, 0, 8]))
        }
        #expect(try client.answer(client.post("/now", "x")).body == "x")
      }
    }
  }
}
