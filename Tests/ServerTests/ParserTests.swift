import HTTP
import Testing

@Suite("the request parser")
struct ParserTests {
  static let good = [
    "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a?b=c?d HTTP/1.1\r\nhost: a.example:8080\r\nX-A:\tb \r\nX-Empty:\r\n\r\n",
    "GET http://A.example:80/a?b HTTP/1.1\r\nHost: a.example:80\r\n\r\n",
    "GET https://a HTTP/1.1\r\nHost: a\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: b\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-Continue\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      + "5\r\nhello\r\n0a;x;y=z;q=\"a\\\"b\"\r\n0123456789\r\n000\r\nX-T: a\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
    "BREW /pot HTTP/1.1\r\nHost: a\r\nmy_field: fine\r\nX-High: \u{e4}\r\n\r\n",
  ]

  @Test("reads a good request the same byte by byte, by threes and whole", arguments: good)
  func readsInPieces(text: String) {
    let bytes = Array(text.utf8)
    let whole = Self.read(bytes, cut: bytes.count)
    #expect(whole.last?.hasPrefix("error") == false)
    #expect(whole == Self.read(bytes, cut: 1))
    #expect(whole == Self.read(bytes, cut: 3))
  }

  @Test("refuses a malformed request with its status, the same byte by byte, by threes and whole", arguments: MalformedRequest.all)
  func refusesInPieces(request: MalformedRequest) {
    let whole = Self.read(request.bytes, cut: request.bytes.count)
    #expect(whole.last?.hasSuffix(" \(request.status)") == true, "\(whole)")
    #expect(whole == Self.read(request.bytes, cut: 1))
    #expect(whole == Self.read(request.bytes, cut: 3))
  }

  @Test("says so where a proxy announces who nobody expects, in either version")
  func namesProxyHeaders() {
    for cut in [1, 3, 100] {
      #expect(Self.read(Array("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\n".utf8), cut: cut) == ["error proxyHeader 400"])
      #expect(Self.read(Array("PROXY UNKNOWN\r\n".utf8), cut: cut) == ["error proxyHeader 400"])
      #expect(Self.read(Array("PROXY UNKNOWN \r\n".utf8), cut: cut) == ["error proxyHeader 400"])
      #expect(Self.read(Array("\r\n\r\n\0\r\nQUIT\n".utf8), cut: cut) == ["error emptyLines 400"])
    }
  }

  @Test("knows at least 150 malformed requests")
  func knowsMany() { #expect(MalformedRequest.all.count >= 150) }

  @Test("takes a request line of exactly 8192 bytes and fields of exactly 16384")
  func takesTheLimits() {
    let line = "GET /" + String(repeating: "a", count: 8192 - 14) + " HTTP/1.1"
    #expect(line.utf8.count == 8192)
    #expect(Self.read(Array("\(line)\r\nHost: a\r\n\r\n".utf8), cut: 5).last?.hasPrefix("body") == true)
    let field = "X: " + String(repeating: "a", count: 16_384 - 9 - 3 - 2 - 2)
    #expect(Self.read(Array("GET / HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n".utf8), cut: 5).last?.hasPrefix("body") == true)
    #expect(Self.read(Array("GET / HTTP/1.1\r\nHost: a\r\n\(field)a\r\n\r\n".utf8), cut: 5).last == "error headersTooLarge 431")
  }

  @Test("says what persists: HTTP/1.1 unless closed, HTTP/1.0 only where asked")
  func knowsPersistence() {
    func persists(_ head: String) -> Bool { Self.read(Array("\(head)\r\n\r\n".utf8), cut: 9).first?.contains("persistent: true") == true }
    #expect(persists("GET / HTTP/1.1\r\nHost: a"))
    #expect(!persists("GET / HTTP/1.1\r\nHost: a\r\nConnection: close"))
    #expect(!persists("GET / HTTP/1.0"))
    #expect(persists("GET / HTTP/1.0\r\nConnection: keep-alive"))
    #expect(!persists("GET / HTTP/1.0\r\nConnection: keep-alive, close"))
  }

  /// What the parser says, in words, of bytes that come in pieces of `cut`. Routes as the tests' server does.
  static func read(_ bytes: [UInt8], cut: Int) -> [String] {
    var parser = RequestParser()
    var events: [String] = []
    var start = 0
    while start < bytes.count {
      let part = Array(bytes[start..<min(bytes.count, start + cut)])
      start += part.count
      var position = 0
      do throws(RequestError) {
        reading: while true {
          switch try parser.next(part.span, from: &position) {
          case .needsMoreBytes: break reading
          case .head(let head):
            let line = "\(head.method?.rawValue ?? "?") \(head.path) \(head.query ?? "-") \(head.framing)"
            events.append("\(line) persistent: \(head.isPersistent) \(head.expectsContinue) \(head.headers.fields)")
            try parser.accept(bodyLimit: head.method == .post ? 1000 : 0)
          case .body(let body): events.append("body \(String(decoding: body, as: UTF8.self))")
          }
        }
      } catch {
        return events + ["error \(error) \(error.problem.status.rawValue)"]
      }
    }
    return events
  }
}
