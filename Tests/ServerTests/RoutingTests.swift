import HTTP
import Primitives
import Server
import Telemetry
import Testing

/// Each request is sent in both versions.
@Suite("routing")
struct RoutingTests {
  private func ask(_ line: String, _ fields: String = "", preflight: (@Sendable (Request) -> Response?)? = nil) async throws -> Answer {
    var answer: Answer?
    try await Fixture.run(preflight: preflight) { fixture in
      let pairs = fields.split(separator: "\r\n").map { line in
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), String(parts[1].drop { $0 == " " }))
      }
      answer = try Version.askBoth(fixture, line, pairs)
    }
    return try #require(answer)
  }

  @Test("hands over the parameters of a path, percent-decoded once")
  func decodesParameters() async throws {
    #expect(try await ask("GET /items/a%20b/parts/%2525").body == "a b|%25")
    #expect(try await ask("GET /tail/x/a%20b/c//d").body == "x|a%20b/c//d")
  }

  @Test("a path that was asked for is found anew at once, and never in the place of one that only resembles it")
  func remembers() async throws {
    // The first two share length, middle and last byte, and so one place in the loop's memory of paths.
    let paths = [("/items/ab/parts/1", "ab|1"), ("/items/cb/parts/1", "cb|1"), ("/items/ab/parts/2", "ab|2"), ("/tail/x/1", "x|1")]
    try await Fixture.run { fixture in
      for _ in 0..<3 {
        for (path, body) in paths + paths.reversed() {
          let answer = try Version.askBoth(fixture, "GET \(path)", [])
          #expect(answer.body == body)
        }
        let longer = try Version.askBoth(fixture, "GET /items/ab/parts/", [])
        #expect(longer.status == 404)
      }
    }
  }

  @Test(
    "refuses parameters with broken, binary or structural escapes",
    arguments: ["%", "%2", "%zz", "%2f", "%00", "%ff", "%C3%28"])
  func refusesEscapes(segment: String) async throws {
    #expect(try await ask("GET /items/\(segment)/parts/1").status == 400)
  }

  @Test(
    "finds nothing at a path that only resembles one",
    arguments: [
      "/healthz/", "//healthz", "/Healthz", "/healthz/x", "/%68ealthz", "/", "/items/1/parts/", "/items//parts/1", "/items/1", "/./healthz",
    ])
  func findsNothing(path: String) async throws {
    let answer = try await ask("GET \(path)")
    #expect(answer.status == 404)
    #expect(answer.body.contains(#""code":"not_found""#))
    #expect(answer["Connection"] == nil)
  }

  @Test("answers a method that the path does not take with 405 and Allow")
  func refusesMethods() async throws {
    let answer = try await ask("DELETE /healthz")
    #expect(answer.status == 405)
    #expect(answer["Allow"] == "GET, HEAD, OPTIONS")
    #expect(try await ask("HEAD /now").status == 405)
    #expect(try await ask("TRACE /healthz").status == 405)
    #expect(try await ask("get /healthz").status == 501)
    #expect(try await ask("BREW /nowhere").status == 404)
  }

  @Test("answers OPTIONS from the table, for a path and for the server")
  func answersOptions() async throws {
    let answer = try await ask("OPTIONS /now")
    #expect(answer.status == 204)
    #expect(answer["Allow"] == "OPTIONS, POST")
    #expect(answer["Content-Length"] == nil)
    #expect(try await ask("OPTIONS *").status == 204)
  }

  @Test("lets the server's preflight answer OPTIONS first")
  func answersPreflight() async throws {
    let answer = try await ask("OPTIONS /now") { _ in .empty(.noContent, headers: [("Access-Control-Allow-Origin", "https://a")]) }
    #expect(answer["Access-Control-Allow-Origin"] == "https://a")
  }

  @Test("echoes a good request id and makes a UUID of version 7 where there is none")
  func namesRequests() async throws {
    #expect(try await ask("GET /healthz", "X-Request-ID: a.B_9~-\r\n")["X-Request-ID"] == "a.B_9~-")
    let made = try #require(try await ask("GET /healthz")["X-Request-ID"])
    #expect(made.count == 36)
    #expect(Array(made)[14] == "7")
  }

  @Test(
    "refuses a bad request id, and does not echo it",
    arguments: ["a b", "ä", "", "a/b", String(repeating: "a", count: 129), "a\r\nX-Request-ID: b"])
  func refusesRequestIDs(id: String) async throws {
    let answer = try await ask("GET /healthz", "X-Request-ID: \(id)\r\n")
    #expect(answer.status == 400)
    #expect(answer.body.contains(#""code":"invalid_header""#))
    #expect(answer["X-Request-ID"]?.count == 36)
    #expect(try await ask("GET /decision", "X-Request-ID: \(id)\r\n").body.count == 36)
  }

  @Test("keeps a response's own Cache-Control and lets no value break into a new header")
  func keepsOwnHeaders() async throws {
    let answer = try await ask("GET /decision")
    #expect(answer.headers.filter { $0.name == "Cache-Control" }.map(\.value) == ["max-age=60"])
    #expect(answer["X-Bad"] == "a  Set-Cookie: b")
    #expect(answer["Set-Cookie"] == nil)
  }

  @Test("refuses a table in which a route stands twice, or is no path")
  func refusesTables() {
    func table(_ patterns: String...) throws {
      let routes = patterns.map { Route(.get, $0, bodyLimit: 0, admit: { _ in nil }, respond: .immediate { _ in .empty(.ok) }) }
      _ = try HTTPServer(settings: ServerSettings(), routes: routes, log: .discarding, now: .system)
    }
    #expect(throws: RouteError.self) { try table("/a", "/a") }
    #expect(throws: RouteError.self) { try table("/a/{b}", "/a/{c}") }
    #expect(throws: RouteError.self) { try table("a") }
    #expect(throws: RouteError.self) { try table("/a/{b*}/c") }
  }

  @Test("a route for any method takes those that the server does not know, and bodies that nobody asked for")
  func anyMethod() async throws {
    try await Fixture.run { fixture in
      for (line, fields) in [
        ("GET /any/x", ""), ("PROPFIND /any/x", ""), ("FROB /any/", ""), ("OPTIONS /any/x", ""), ("POST /any/x", ""),
        ("PUT /any/x", "Content-Length: 0\r\n"),
        ("TRACE /any/x", "X-Request-ID: not good\r\n"),
      ] {
        let client = try fixture.client()
        client.send("\(line) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
        let answer = try client.answer()
        #expect(answer.status == 200 && answer.body.hasSuffix(" 7 \(line.prefix { $0 != " " })"), "\(answer)")
      }
      #expect(try await ask("FROB /healthz").status == 501)
    }
  }

  @Test("what answers on a loop is made once for it, remembers, and may ask a task")
  func loopLocal() async throws {
    try await Fixture.run { fixture in
      let client = try fixture.client()
      for count in 1...7 {
        client.send("GET /any/x HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = try client.answer()
        #expect(answer.body == "\(count) 7 GET" && answer["X-Count"] == "\(count)")
      }
    }
  }

  @Test("a route completes what the server refuses for it, also where the head was wrong")
  func finishesRefusals() async throws {
    #expect(try await ask("GET /any/x", "Bad Name: x\r\n")["X-Finished"] == "yes")
    #expect(try await ask("POST /any/x", "Content-Length: 101\r\n")["X-Finished"] == "yes")
    #expect(try await ask("GET /healthz", "Bad Name: x\r\n")["X-Finished"] == nil)
  }
}
