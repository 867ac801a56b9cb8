package import JSON

/// An answer. The server adds what every answer has: `X-Request-ID`, `Date`, `Content-Length`, `Connection`, and, unless set
/// here, `Cache-Control: no-store` and the security headers.
package struct Response: Sendable {
  package var status: Status
  /// In order; a name may repeat. The server adds no header that stands here already.
  package var headers: [(name: String, value: String)]
  /// Field lines ready to be sent, each `Name: value` and CR LF, after `headers`: for answers that are given often. Whoever makes
  /// them answers for their form, and leaves the server's own names out.
  package var preparedFields: [UInt8] = []
  package var body: [UInt8]
  /// The problem that this answer states, for the log line.
  package var code: ProblemCode?
  /// Why, for the log line, where no problem says it.
  package var reason: String?

  package init(_ status: Status, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  package static func empty(_ status: Status, headers: [(name: String, value: String)] = []) -> Response {
    Response(status, headers: headers)
  }

  /// `write` writes one JSON value.
  package static func json(
    _ status: Status, headers: [(name: String, value: String)] = [], _ write: (inout JSONWriter) throws -> Void
  ) rethrows -> Response {
    var json = JSONWriter()
    try write(&json)
    return Response(status, headers: [("Content-Type", "application/json")] + headers, body: json.bytes)
  }

  /// The first value; names are case-insensitive.
  package func header(_ name: String) -> String? { headers.first { Self.areSame($0.name, name) }?.value }

  /// Replaces every header of that name.
  package mutating func setHeader(_ name: String, _ value: String) {
    headers.removeAll { Self.areSame($0.name, name) }
    headers.append((name, value))
  }

  static func areSame(_ left: String, _ right: String) -> Bool {
    left.utf8.count == right.utf8.count && zip(left.utf8, right.utf8).allSatisfy { ASCII.lowercase($0) == ASCII.lowercase($1) }
  }
}
