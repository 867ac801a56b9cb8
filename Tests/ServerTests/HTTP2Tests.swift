import HTTP
import Server
import Telemetry
import Testing

@Suite("a server that is spoken to in HTTP/2")
struct HTTP2Tests {
  @Test("answers with every header that an answer must have, and none that belongs to HTTP/1")
  func answersHealth() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.frameClient()
      let answer = try client.answer(client.get("/healthz"))
      #expect(answer.status == 200 && answer.body == "ok\n")
      #expect(answer.headers.first?.name == ":status")
      #expect(answer["cache-control"] == "no-store" && answer["x-content-type-options"] == "nosniff")
      #expect(answer["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'")
      #expect(answer["x-request-id"]?.count == 36 && answer["date"]?.hasSuffix(" GMT") == true)
      #expect(answer["content-length"] == "3" && answer["connection"] == nil)
      #expect(answer.headers.allSatisfy { $0.name == $0.name.lowercased() })
    }
  }

  @Test("reads bodies in one frame or many, with or without their length, and answers by whichever responder")
  func readsBodies() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.frameClient()
      #expect(try client.answer(client.post("/now", "hello")).body == "hello")
      #expect(try client.answer(client.post("/echo", "hello", [("content-length", "5")])).body == "hello")
      let stream = client.open(FrameClient.request("POST", "/echo"))
      #expect(try client.answer(stream).body == "")
      let pieces = client.open(FrameClient.request("POST", "/echo", [("content-length", "3")]), ends: false)
      for (index, byte) in Array("abc".utf8).enumerated() {
        client.send(Frame(.data, index == 2 ? Frame.endStream : 0, stream: pieces, [byte]))
      }
      #expect(try client.answer(pieces).body == "abc")
    }
  }

  @Test("answers streams in the order in which their answers are ready")
  func answersOutOfOrder() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.frameClient()
      let waiting = (0..<20).map { _ in client.get("/wait") }
      #expect(try client.answer(client.post("/now", "first")).body == "first")
      fixture.gate.open()
      var answered: Set<UInt32> = []
      for _ in waiting {
        let (stream, ending) = try client.ending()
        #expect(ending.status == 200)
        answered.insert(stream)
      }
      #expect(answered == Set(waiting))
    }
  }
}
