/// Request line and fields, checked. What routing needs, before the body is read.
package struct RequestHead: Sendable {
  /// How the body's end is found (RFC 9112, section 6).
  package enum Framing: Hashable, Sendable {
    case none
    case length(Int)
    /// By the message's own marks; how long it is shows at the end.
    case chunked
  }

  /// `nil` for a token that is no method we know.
  package let method: Method?
  /// 1 for HTTP/1.1, 0 for HTTP/1.0.
  package let minorVersion: UInt8
  package let headers: Headers
  package let framing: Framing
  /// Whether the connection may carry another request after this one (RFC 9112, section 9.3).
  package let isPersistent: Bool
  /// Whether the client waits for `100 Continue` before it sends the body.
  package let expectsContinue: Bool
  private let methodSpan: Range<Int>
  private let pathSpan: Range<Int>
  private let querySpan: Range<Int>?

  init(line: RequestLine, facts: FieldFacts, headers: Headers) {
    let isModern = line.minorVersion == 1
    method = line.method
    minorVersion = line.minorVersion
    self.headers = headers
    framing = facts.isChunked ? .chunked : facts.length.map { .length($0) } ?? .none
    isPersistent = isModern ? !facts.isClose : facts.isKeepAlive && !facts.isClose
    expectsContinue = isModern && facts.expectsContinue
    methodSpan = line.methodSpan
    pathSpan = line.pathSpan
    querySpan = line.querySpan
  }

  /// Of HTTP/2, where frames say where the body ends, and `Content-Length` may only say it beforehand.
  init(line: RequestLine, facts: FieldFacts, headers: Headers, endsHere: Bool) {
    method = line.method
    minorVersion = line.minorVersion
    self.headers = headers
    framing = endsHere ? .none : facts.length.map { .length($0) } ?? .chunked
    isPersistent = true
    expectsContinue = facts.expectsContinue
    methodSpan = line.methodSpan
    pathSpan = line.pathSpan
    querySpan = line.querySpan
  }

  /// The path as sent; `*` for `OPTIONS *`. An absolute-form target without a path means `/`.
  package var path: String { pathSpan.isEmpty ? "/" : String(decoding: headers.bytes[pathSpan], as: UTF8.self) }

  package var pathBytes: ArraySlice<UInt8> { pathSpan.isEmpty ? [UInt8(ascii: "/")] : headers.bytes[pathSpan] }

  package var query: String? { querySpan.map { String(decoding: headers.bytes[$0], as: UTF8.self) } }

  /// The method as sent, for the log.
  package var methodBytes: ArraySlice<UInt8> { headers.bytes[methodSpan] }

  /// `OPTIONS *`: a question about the server as a whole.
  package var isServerWide: Bool { pathSpan.count == 1 && headers.bytes[pathSpan.lowerBound] == UInt8(ascii: "*") }

  package var hasBody: Bool { framing != .none && framing != .length(0) }
}
