import Server
import Testing

@Suite("limits of HTTP/2", .timeLimit(.minutes(1)))
struct HTTP2LimitTests {
  @Test("a body up to the route's limit is taken, one past it is 413, announced or not, and the connection goes on")
  func limitsBodies() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.frameClient()
      let body = String(repeating: "x", count: 1000)
      #expect(try client.answer(client.post("/echo", body)).body == body)
      #expect(try client.answer(client.post("/echo", body, [("content-length", "1000")])).body == body)
      #expect(try client.answer(client.post("/echo", body + "x")).status == 413)
      #expect(try client.answer(client.post("/echo", body + "x", [("content-length", "1001")])).status == 413)
      let announced = client.open(FrameClient.request("POST", "/echo", [("content-length", "1001")]), ends: false)
      #expect(try client.answer(announced).status == 413)
      // The rest is not wanted, and the client is told.
      #expect(try client.first(.reset).code == 0)
      #expect(try client.answer(client.post("/healthz", "x")).status == 405)
      let get = client.open(FrameClient.request("GET", "/healthz"), ends: false)
      client.send(Frame(.data, Frame.endStream, stream: get))
      #expect(try client.answer(get).status == 200)
      let full = client.open(FrameClient.request("GET", "/healthz"), body: [1])
      #expect(try client.answer(full).status == 413)
    }
  }

  @Test("a body that comes after its answer is read and thrown away, so that the answer is not lost, and one without end is stopped")
  func answersEarly() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.frameClient()
      let early = client.open(FrameClient.request("POST", "/nowhere"), ends: false)
      #expect(try client.answer(early).status == 404)
      client.send(Frame(.data, stream: early, [1, 2, 3]))
      client.send(Frame(.data, Frame.endStream, stream: early, [4]))
      #expect(try client.answer(client.get("/healthz")).status == 200)
      #expect(client.seen.allSatisfy { $0.kind != .reset })
      let endless = client.open(FrameClient.request("POST", "/nowhere"), ends: false)
      #expect(try client.answer(endless).status == 404)
      for _ in 0..<17 { client.send(Frame(.data, stream: endless, [UInt8](repeating: 0, count: 16_384))) }
      let stop = try client.first(.reset)
      #expect(stop.code == 0 && stop.stream == endless)
      #expect(try client.answer(client.get("/healthz")).status == 200)
    }
  }

  @Test("a body whose client has hung up is not waited for")
  func cutBody() async throws {
    try await Fixture.run {
      $0.bodyTimeout = .seconds(100)
    } _: { fixture in
      let client = try fixture.frameClient()
      client.send(Frame.fields(FrameClient.request("POST", "/echo"), stream: 1, ends: false))
      client.send(Frame(.data, stream: 1, Array("half".utf8)))
      client.socket.finishSending()
      #expect(try client.first(.reset).code == 8)
      _ = try client.socket.rest()
    }
  }

  @Test("a body that is not as long as it says is malformed", arguments: ["4", "6"])
  func comparesLengths(length: String) async throws {
    try await Fixture.run { fixture in
      let client = try fixture.frameClient()
      client.post("/echo", "hello", [("content-length", length)])
      #expect(try client.ending().1.code == 1)
      client.open(FrameClient.request("POST", "/echo", [("content-length", length)]))
      #expect(try client.ending().1.code == 1)
      #expect(try client.answer(client.get("/healthz")).status == 200)
    }
  }

  @Test("fields of exactly 16 KiB are taken and more are 431, a path of 8 KiB is 414, and the connection goes on")
  func limitsFields() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.frameClient()
      // As lines: the Host that `:authority` becomes, this field, and the end.
      let most = String(repeating: "x", count: 16_384 - ("host: a\r\n".utf8.count + "x: \r\n".utf8.count + 2))
      #expect(try client.answer(client.get("/healthz", [("x", most)])).status == 200)
      #expect(try client.answer(client.get("/healthz", [("x", most + "x")])).status == 431)
      #expect(try client.answer(client.get("/healthz", (0..<99).map { ("x", "\($0)") })).status == 200)
      #expect(try client.answer(client.get("/healthz", (0..<100).map { ("x", "\($0)") })).status == 431)
      let path = "/" + String(repeating: "a", count: 8192 - "GET / HTTP/1.1".utf8.count)
      #expect(try client.answer(client.get(path)).status == 404)
      #expect(try client.answer(client.get(path + "a")).status == 414)
      #expect(try client.answer(client.get("/healthz")).status == 200)
    }
  }

  @Test("streams past the most at once are refused for the client to send again")
  func limitsStreams() async throws {
    try await Fixture.run {
      $0.streams = 3
    } _: { fixture in
      let client = try fixture.frameClient()
      // Before the server's SETTINGS have been read; afterwards it would break the protocol.
      let waiting = (0..<3).map { _ in client.get("/wait") }
      let refused = client.get("/wait")
      #expect(try client.first(.settings).payload.prefix(6) == [0, 3, 0, 0, 0, 3])
      let (stream, ending) = try client.ending()
      #expect(stream == refused && ending.code == 7)
      fixture.gate.open()
      for _ in waiting { #expect(try client.ending().1.status == 200) }
      #expect(try client.answer(client.get("/healthz")).status == 200)
    }
  }

  @Test("bodies that a connection may owe are bounded: past it a stream is refused, and those that were taken are answered")
  func limitsHeldBodies() async throws {
    try await Fixture.run {
      $0.streams = 1000
    } _: { fixture in
      let client = try fixture.frameClient()
      let streams = (0..<1000).map { _ in
        client.open(FrameClient.request("POST", "/echo", [("x", String(repeating: "y", count: 4000))]), ends: false)
      }
      var refused: Set<UInt32> = []
      while refused.count < 700 {
        let (stream, ending) = try client.ending()
        #expect(ending.code == 7)
        refused.insert(stream)
      }
      for stream in streams where !refused.contains(stream) { client.send(Frame(.data, Frame.endStream, stream: stream, [65])) }
      var answered = 0
      while answered + refused.count < 1000 {
        let (stream, ending) = try client.ending()
        if ending.code == 7 { refused.insert(stream) } else { answered += ending.status == 200 ? 1 : 1000 }
      }
      #expect(answered > 150)
    }
  }

  @Test("a client whose windows stay shut is waited for, and its streams are given up in the end", arguments: [0, 1])
  func endsShutWindows(window: UInt32) async throws {
    try await Fixture.run {
      $0.writeTimeout = .milliseconds(300)
    } _: { fixture in
      let client = try fixture.frameClient(settings: [(4, window)])
      for _ in 0..<3 { client.get("/large") }
      for _ in 0..<3 { #expect(try client.ending().1.code == 8) }
      // Fields need no window, and neither does an answer without a body.
      #expect(try client.answer(client.open(FrameClient.request("HEAD", "/large"))).status == 200)
    }
  }

  @Test("large answers come whole through small windows")
  func sendsThroughSmallWindows() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.frameClient(settings: [(4, 20_000)])
      let stream = client.get("/large")
      var count = 0
      while count < 1 << 20 {
        let frame = try client.frame()
        guard frame.kind == .data else { continue }
        count += frame.payload.count
        client.send(Frame.window(stream, UInt32(frame.payload.count)), Frame.window(0, UInt32(frame.payload.count)))
      }
      #expect(count == 1 << 20)
    }
  }

  @Test("answers that wait for windows are bounded: no further request is answered until they are read")
  func limitsHeldAnswers() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.frameClient(settings: [(4, 0)])
      let streams = (0..<3).map { _ in client.get("/large") }
      // What answers a PING overtakes the fields of answers; the second does not overtake those of the first round.
      for _ in 0..<2 {
        client.send(Frame(.ping, 0, [UInt8](repeating: 1, count: 8)))
        _ = try client.first(.ping)
      }
      #expect(client.seen.count { $0.kind == .headers } == 1)
      client.send(Frame.window(0, 4 << 20))
      for stream in streams { client.send(Frame.window(stream, 1 << 20)) }
      var count = 0
      while count < 3 << 20 {
        let frame = try client.frame()
        if frame.kind == .data { count += frame.payload.count }
      }
      #expect(count == 3 << 20)
    }
  }
}
