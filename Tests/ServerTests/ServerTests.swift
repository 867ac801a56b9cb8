import HTTP
import Server
import Telemetry
import Testing

@Suite("a server on a real socket")
struct ServerTests {
  @Test("answers GET /healthz with every header that an answer must have")
  func answersHealth() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.client()
      client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      let answer = try client.answer()
      #expect(answer.status == 200)
      #expect(answer.body == "ok\n")
      #expect(answer["Cache-Control"] == "no-store")
      #expect(answer["X-Content-Type-Options"] == "nosniff")
      #expect(answer["Referrer-Policy"] == "no-referrer")
      #expect(answer["X-Frame-Options"] == "DENY")
      #expect(answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'")
      #expect(answer["X-Request-ID"]?.count == 36)
      #expect(answer["Date"]?.hasSuffix(" GMT") == true)
      #expect(answer["Server"] == nil)
    }
  }

  @Test("refuses a malformed request with its status as a problem, and closes", arguments: MalformedRequest.all)
  func refusesMalformed(request: MalformedRequest) async throws {
    try await Fixture.run { fixture in
      let client = try fixture.client()
      client.send(request.bytes)
      let answer = try client.answer()
      #expect(answer.status == request.status)
      #expect(answer["Connection"] == "close")
      #expect(answer["Content-Type"] == "application/problem+json")
      #expect(answer.body.contains(#""request_id":"\#(answer["X-Request-ID"] ?? "none")""#))
      client.finishSending()
      #expect(try client.rest() == "")
    }
  }

  @Test("answers pipelined requests in order, mixed immediate and suspending")
  func pipelines() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.client()
      let requests = (0..<200).map { number in
        let path = number % 3 == 0 ? "/echo" : "/now"
        return "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\(1000 + number)"
      }
      client.send(requests.joined())
      for number in 0..<200 { #expect(try client.answer().body == "\(1000 + number)") }
    }
  }

  @Test("answers everything that was pipelined before the client stopped sending")
  func answersHalfClosed() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.client()
      client.send(String(repeating: "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", count: 5))
      client.finishSending()
      for _ in 0..<5 { #expect(try client.answer().body == "x") }
      #expect(try client.isAtEnd())
    }
  }

  @Test("takes the names of codings in any case (RFC 9112, section 7)", arguments: ["chunked", "Chunked", "CHUNKED"])
  func codingNames(name: String) async throws {
    try await Fixture.run { fixture in
      let client = try fixture.client()
      client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \(name)\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
      #expect(try client.answer().body == "abc")
    }
  }

  @Test("reads a chunked body, however it is cut")
  func readsChunks() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.client()
      for byte in Array("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n".utf8) {
        client.send([byte])
      }
      #expect(try client.answer().body == "abcde")
      client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.answer().status == 200)
    }
  }

  @Test("says 100 Continue only after the route has admitted the request")
  func continues() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.client()
      let head = "Host: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
      client.send("POST /echo HTTP/1.1\r\n" + head)
      #expect(try client.answer().status == 100)
      client.send("hi")
      #expect(try client.answer().body == "hi")
      client.send("POST /closed HTTP/1.1\r\n" + head)
      let answer = try client.answer()
      #expect(answer.status == 401)
      #expect(answer["WWW-Authenticate"] == "Bearer")
      #expect(answer["Connection"] == "close")
      client.finishSending()
      #expect(try client.isAtEnd())
    }
  }

  @Test("keeps the connection after a refusal whose short body is on its way")
  func skipsBody() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.client()
      client.send("POST /closed HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.answer().status == 401)
      #expect(try client.answer().status == 200)
    }
  }

  @Test("answers HEAD as GET without the body")
  func answersHead() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.client()
      client.send("HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.answer(toHead: true)["Content-Length"] == "3")
      #expect(try client.answer().body == "ok\n")
    }
  }

  @Test("serves an HTTP/1.0 client, and stays only where asked")
  func servesOldClients() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.client()
      client.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      #expect(try client.answer()["Connection"] == "keep-alive")
      client.send("GET /healthz HTTP/1.0\r\n\r\n")
      #expect(try client.answer()["Connection"] == "close")
      #expect(try client.isAtEnd())
    }
  }

  @Test("logs one line a request, with the route's pattern and neither path nor query")
  func logsRequests() async throws {
    let fixture = try Fixture()
    let client = try fixture.client()
    client.send("GET /items/se%22cret/parts/2?token=secret HTTP/1.1\r\nHost: a\r\nX-Request-ID: my.id\r\n\r\n")
    #expect(try client.answer().status == 200)
    client.send("G\u{1}T /secret HTTP/1.1\r\n")
    #expect(try client.answer().status == 400)
    client.finishSending()
    await fixture.server.drain(within: .seconds(5))
    let lines = fixture.log.lines
    #expect(lines.count == 2)
    #expect(
      lines.first?.contains(#""request_id":"my.id","route":"/items/{id}/parts/{part}","method":"GET","status":200,"duration_us":"#) == true)
    #expect(lines.first?.hasSuffix(#""client":"127.0.0.1"}"#) == true)
    #expect(lines.last?.contains(#""code":"invalid_request","reason":"badMethod""#) == true)
    #expect(!lines.joined().contains("secret"))
  }
}
