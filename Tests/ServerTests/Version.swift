import Testing

/// The versions of HTTP that a test can be run in.
enum Version: CaseIterable {
  case http1, http2

  /// One request on a connection of its own, and its answer. `line`: method and path.
  func ask(_ fixture: Fixture, _ line: String, _ fields: [(String, String)] = [], body: String? = nil) throws -> Answer {
    let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
    switch self {
    case .http1:
      let client = try fixture.client()
      let length = body.map { [("Content-Length", "\($0.utf8.count)")] } ?? []
      let lines = (fields + length).map { "\($0): \($1)\r\n" }.joined()
      client.send("\(line) HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\(body ?? "")")
      return try client.answer(toHead: parts[0] == "HEAD")
    case .http2:
      let client = try fixture.frameClient()
      let request = FrameClient.request(parts[0], parts[1], fields.map { ($0.lowercased(), $1) })
      // A length without a body: one that does not come.
      let isWhole = !request.contains { $0.0 == "content-length" }
      let stream = body.map { client.open(request, body: Array($0.utf8)) } ?? client.open(request, ends: isWhole)
      return try client.answer(stream)
    }
  }

  /// Asks in both versions, checks that nobody could tell them apart by the answers, and gives one of them.
  static func askBoth(_ fixture: Fixture, _ line: String, _ fields: [(String, String)] = [], body: String? = nil) throws -> Answer {
    let first = try Version.http1.ask(fixture, line, fields, body: body)
    let second = try Version.http2.ask(fixture, line, fields, body: body)
    #expect(first.status == second.status)
    #expect(first.comparableHeaders == second.comparableHeaders)
    if first["X-Request-ID"] == second["X-Request-ID"] { #expect(first.body == second.body) }
    return first
  }
}

extension Answer {
  /// Without what belongs to the version, or to the moment.
  fileprivate var comparableHeaders: [String] {
    headers.map { ($0.name.lowercased(), $0.value) }
      .filter { ![":status", "connection", "date", "x-request-id"].contains($0.0) }.map { "\($0): \($1)" }.sorted()
  }
}
