import Server
import Testing

/// Frames at random, most of them nearly right. The same seed makes the same frames.
struct RandomFrames {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func number(_ limit: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(state >> 33) % limit
  }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(number(256)) } }

  mutating func sequence() -> [UInt8] { (0..<1 + number(30)).flatMap { _ in frame() } }

  private mutating func frame() -> [UInt8] {
    let stream = UInt32(number(8) == 0 ? number(20) : 2 * number(8) + 1)
    var bytes: [UInt8]
    switch number(14) {
    case 0...3: bytes = Frame.fields(fields(), stream: stream, ends: number(3) > 0).bytes
    case 4, 5: bytes = Frame(.data, UInt8(number(2)) | (number(6) == 0 ? 8 : 0), stream: stream, self.bytes(number(200))).bytes
    case 6: bytes = Frame(.reset, stream: stream, self.bytes(4)).bytes
    case 7: bytes = Frame.settings([(UInt16(1 + number(8)), UInt32(number(100_000)))]).bytes
    case 8: bytes = Frame(.ping, UInt8(number(2)), self.bytes(8)).bytes
    case 9: bytes = Frame.window(number(2) == 0 ? 0 : stream, UInt32(number(1 << 20))).bytes
    case 10: bytes = Frame(.priority, stream: stream, self.bytes(5)).bytes
    case 11:
      let block = Frame.block(fields())
      let middle = number(block.count)
      bytes = Frame(.headers, 1, stream: stream, Array(block[..<middle])).bytes
      bytes += Frame(.continuation, 4, stream: stream, Array(block[middle...])).bytes
    case 12: bytes = Frame(.goAway, 0, self.bytes(8)).bytes
    default: bytes = Frame(type: UInt8(number(12)), UInt8(number(256)), stream: stream, self.bytes(number(30))).bytes
    }
    // Now and then a byte is another, or the last ones are missing.
    if number(15) == 0 { bytes[number(bytes.count)] = UInt8(number(256)) }
    if number(40) == 0 { bytes.removeLast(number(bytes.count)) }
    return bytes
  }

  private mutating func fields() -> [(String, String)] {
    var fields = FrameClient.request(["GET", "POST", "HEAD", "BREW"][number(4)], ["/healthz", "/now", "/echo", "/large"][number(4)])
    let more = [
      ("content-length", "\(number(20))"), ("cookie", "a=b"), ("te", "trailers"), ("x", String(repeating: "y", count: number(300))),
      ("Bad", "x"), ("connection", "close"), (":path", "/"), ("expect", "100-continue"), ("x_api_key", "1"),
    ]
    for _ in 0..<number(4) { fields.append(more[number(more.count)]) }
    if number(10) == 0 { fields.remove(at: number(fields.count)) }
    return fields
  }
}

@Suite("frames at random", .timeLimit(.minutes(3)))
struct RandomFrameTests {
  @Test("ten thousand sequences leave the counts of their connections right")
  func keepCounts() throws {
    let library = HTTP2Library(isStrict: false)
    var answered = 0
    for seed in 0..<10_000 {
      var random = RandomFrames(seed: UInt64(seed))
      let peer = try #require(StreamPeer(library, streamLimit: 8))
      let bytes = FrameClient.preface + Frame.settings([]).bytes + random.sequence()
      peer.feed(bytes, cut: [1, 13, 500, 16_384][seed % 4], leavesAt: seed % 7 == 0 ? 2 : nil)
      peer.finish()
      #expect(peer.violations.isEmpty, "seed \(seed): \(peer.violations)")
      answered += peer.answered
    }
    // What is thrown at them is not so bad that nothing was ever answered.
    #expect(answered > 1000)
  }

  @Test("a server goes on serving others, and holds nothing when they are gone")
  func serveOthers() async throws {
    try await Fixture.run { fixture in
      let other = try fixture.frameClient()
      for seed in 0..<300 {
        var random = RandomFrames(seed: UInt64(seed + 100_000))
        let client = try fixture.frameClient()
        client.socket.send(random.sequence())
        if seed % 2 == 0 { client.socket.reset() } else { client.socket.finishSending() }
        if seed % 30 == 0 { #expect(try other.answer(other.post("/now", "\(seed)")).body == "\(seed)") }
      }
      let deadline = ContinuousClock.now + .seconds(20)
      while fixture.server.openConnections > 1, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
      #expect(fixture.server.openConnections == 1)
    }
  }
}
