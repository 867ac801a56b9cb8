import HTTP
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
}
