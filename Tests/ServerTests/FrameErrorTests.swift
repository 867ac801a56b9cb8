import Server
import Testing

/// Frames that no client may send, and what RFC 9113 says of them.
struct FrameError: Sendable, CustomTestStringConvertible {
  let title: String
  /// The code with which the connection, or else the stream, ends.
  let code: UInt32
  let frames: @Sendable () -> [Frame]

  var testDescription: String { title }

  static let get = FrameClient.request("GET", "/wait")
  static let post = FrameClient.request("POST", "/echo")

  static let connection: [FrameError] = [
    // Errors of a stream, which libnghttp2 takes for the connection's (RFC 9113, section 5.4).
    FrameError(title: "HEADERS after the end", code: 5) { [Frame.fields(get, stream: 1), Frame.fields([("a", "b")], stream: 1)] },
    FrameError(title: "DATA after the end", code: 5) { [Frame.fields(get, stream: 1), Frame(.data, 1, stream: 1, [1])] },
    FrameError(title: "a stream's window that grows by nothing", code: 1) { [Frame.fields(get, stream: 1), Frame.window(1, 0)] },
    FrameError(title: "DATA on an idle stream", code: 1) { [Frame(.data, 0, stream: 1, [1])] },
    FrameError(title: "DATA on the connection", code: 1) { [Frame(.data, 0, [1])] },
    FrameError(title: "HEADERS on the connection", code: 1) { [Frame.fields(get, stream: 0)] },
    FrameError(title: "HEADERS on a stream of the server's", code: 1) { [Frame.fields(get, stream: 2)] },
    FrameError(title: "a frame longer than 16 KiB", code: 6) {
      [Frame.fields(post, stream: 1, ends: false), Frame(.data, 0, stream: 1, [UInt8](repeating: 0, count: 16_385))]
    },
    FrameError(title: "HEADERS longer than 16 KiB", code: 6) { [Frame(.headers, 5, stream: 1, [UInt8](repeating: 0, count: 16_385))] },
    FrameError(title: "CONTINUATION after nothing", code: 1) { [Frame(.continuation, 4, stream: 1, [])] },
    FrameError(title: "CONTINUATION after a whole block", code: 1) {
      [Frame.fields(get, stream: 1), Frame(.continuation, 4, stream: 1, [])]
    },
    FrameError(title: "CONTINUATION on another stream", code: 1) {
      [Frame(.headers, 1, stream: 1, Frame.block(get)), Frame(.continuation, 4, stream: 3, [])]
    },
    FrameError(title: "another frame inside a block", code: 1) {
      [Frame(.headers, 1, stream: 1, Frame.block(get)), Frame(.ping, 0, [UInt8](repeating: 0, count: 8))]
    },
    FrameError(title: "an unknown frame inside a block", code: 1) { [Frame(.headers, 1, stream: 1, []), Frame(type: 77)] },
    FrameError(title: "SETTINGS of five bytes", code: 6) { [Frame(.settings, 0, [0, 1, 0, 0, 0])] },
    FrameError(title: "SETTINGS on a stream", code: 1) { [Frame(.settings, 0, stream: 1)] },
    FrameError(title: "an acknowledgement that says something", code: 6) { [Frame(.settings, 1, [0, 1, 0, 0, 0, 0])] },
    FrameError(title: "an initial window past 2^31", code: 3) { [Frame.settings([(4, 0x8000_0000)])] },
    FrameError(title: "a frame size of 10 bytes", code: 1) { [Frame.settings([(5, 10)])] },
    FrameError(title: "push that is neither on nor off", code: 1) { [Frame.settings([(2, 2)])] },
    FrameError(title: "PING of seven bytes", code: 6) { [Frame(.ping, 0, [1, 2, 3, 4, 5, 6, 7])] },
    FrameError(title: "PING on a stream", code: 1) { [Frame(.ping, 0, stream: 1, [1, 2, 3, 4, 5, 6, 7, 8])] },
    FrameError(title: "a window that grows by nothing", code: 1) { [Frame.window(0, 0)] },
    FrameError(title: "a window that grows past 2^31", code: 3) { [Frame.window(0, 0x7FFF_FFFF)] },
    FrameError(title: "WINDOW_UPDATE of three bytes", code: 6) { [Frame(.windowUpdate, 0, [0, 0, 1])] },
    FrameError(title: "WINDOW_UPDATE on an idle stream", code: 1) { [Frame.window(1, 1)] },
    FrameError(title: "RST_STREAM on an idle stream", code: 1) { [Frame(.reset, stream: 1, [0, 0, 0, 8])] },
    FrameError(title: "RST_STREAM on the connection", code: 1) { [Frame(.reset, stream: 0, [0, 0, 0, 8])] },
    FrameError(title: "RST_STREAM of three bytes", code: 6) { [Frame.fields(get, stream: 1), Frame(.reset, stream: 1, [0, 0, 8])] },
    FrameError(title: "PUSH_PROMISE from a client", code: 1) { [Frame(.push, 4, stream: 1, [0, 0, 0, 2])] },
    FrameError(title: "GOAWAY on a stream", code: 1) { [Frame(.goAway, stream: 1, [UInt8](repeating: 0, count: 8))] },
    FrameError(title: "padding longer than its frame", code: 1) {
      [Frame.fields(post, stream: 1, ends: false), Frame(.data, 8, stream: 1, [200, 1, 2])]
    },
    FrameError(title: "an index past the table", code: 9) { [Frame(.headers, 5, stream: 1, [0xFF, 0xFF, 0xFF, 0x7F])] },
    FrameError(title: "a literal cut short", code: 9) { [Frame(.headers, 5, stream: 1, [0, 10, 1])] },
    FrameError(title: "a table larger than agreed", code: 9) { [Frame(.headers, 5, stream: 1, [0x3F, 0xE1, 0xFF, 0x03])] },
    FrameError(title: "a Huffman code of ones", code: 9) { [Frame(.headers, 5, stream: 1, [0, 0x84, 255, 255, 255, 255, 0])] },
  ]

  static let stream: [FrameError] = [
    FrameError(title: "a stream's window that grows past 2^31", code: 3) {
      [Frame.fields(get, stream: 1), Frame.window(1, 0x7FFF_FFFF)]
    },
    FrameError(title: "fields after the body that do not end it", code: 1) {
      [Frame.fields(post, stream: 1, ends: false), Frame.fields([("a", "b")], stream: 1, ends: false)]
    },
  ]
}

@Suite("frames that break the protocol")
struct FrameErrorTests {
  @Test("end the connection with the code that the protocol names", arguments: FrameError.connection)
  func endConnections(error: FrameError) async throws {
    try await Fixture.run { fixture in
      let client = try fixture.frameClient()
      client.socket.send(error.frames().flatMap(\.bytes))
      #expect(try client.first(.goAway).code == error.code)
      client.socket.finishSending()
      #expect(try client.socket.rest().isEmpty)
      fixture.gate.open()
      #expect(try other(fixture).status == 200)
    }
  }

  @Test("end their stream alone, where they concern no other", arguments: FrameError.stream)
  func endStreams(error: FrameError) async throws {
    try await Fixture.run { fixture in
      let client = try fixture.frameClient()
      client.socket.send(error.frames().flatMap(\.bytes))
      let (stream, ending) = try client.ending()
      #expect(stream == 1 && ending.code == error.code)
      client.send(Frame.fields(FrameClient.request("GET", "/healthz"), stream: 3))
      #expect(try client.answer(3).status == 200)
      fixture.gate.open()
    }
  }

  @Test("of a kind that nobody knows are passed over")
  func passesOver() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.frameClient()
      client.send(Frame(type: 99, 0xFF, stream: 7, [1, 2, 3]), Frame.settings([(0x99, 5)]))
      #expect(try client.answer(client.get("/healthz")).status == 200)
    }
  }

  @Test("a first line of HTTP/2 that goes on otherwise is no HTTP/2, and no HTTP/1", arguments: ["Host: a\r\n\r\n", "\r\nSM\r\n\rX"])
  func refusesHalfPrefaces(rest: String) async throws {
    try await Fixture.run { fixture in
      let client = try fixture.frameClient(settings: nil)
      client.socket.send("PRI * HTTP/2.0\r\n" + rest)
      #expect(try client.first(.goAway).code == 1)
    }
  }

  @Test("the first line of HTTP/2 means nothing after a request")
  func switchesOnlyAtFirst() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.client()
      client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
      #expect(try client.answer().status == 200)
      #expect(try client.answer().status == 505)
    }
  }

  private func other(_ fixture: Fixture) throws -> Answer {
    let client = try fixture.frameClient()
    return try client.answer(client.get("/healthz"))
  }
}
