/// A request line taken apart (RFC 9112, section 3), or the pseudo-header fields that stand for it (RFC 9113, section 8.3.1). Spans
/// count from the first byte of the head.
struct RequestLine {
  let method: Method?
  let minorVersion: UInt8
  let methodSpan: Range<Int>
  /// Empty for an absolute-form target without a path.
  let pathSpan: Range<Int>
  let querySpan: Range<Int>?
  /// The authority of an absolute-form target, which must be that of `Host`.
  let authoritySpan: Range<Int>?

  static let longestMethod = 32

  /// `line` is the head's bytes from `start` to the line's end, without CR LF.
  init(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(RequestError) {
    let isProxyHeader = bytes.equals("PROXY ", in: line.prefix(6))
    guard let first = bytes.firstIndex(of: 32, in: line), let last = bytes.firstIndex(of: 32, in: first + 1..<line.upperBound) else {
      throw line.isEmpty ? .emptyLines : isProxyHeader ? .proxyHeader : .badRequestLine
    }
    methodSpan = line.lowerBound..<first
    try Self.checkMethod(bytes, methodSpan)
    method = Self.method(bytes, methodSpan)
    do throws(RequestError) {
      minorVersion = try Self.version(bytes, last + 1..<line.upperBound)
    } catch { throw isProxyHeader ? .proxyHeader : error }
    let target = first + 1..<last
    guard !target.isEmpty, bytes.areAll(in: target, ASCII.target) else { throw .badTarget }
    if method == .connect { throw .connectRefused }
    if bytes[target.lowerBound] == UInt8(ascii: "/") {
      authoritySpan = nil
      (pathSpan, querySpan) = Self.split(bytes, target)
    } else if bytes[target.lowerBound] == UInt8(ascii: "*") {
      guard target.count == 1, method == .options else { throw .badTarget }
      (pathSpan, querySpan, authoritySpan) = (target, nil, nil)
    } else {
      let start = try Self.authorityStart(bytes, target)
      let end = (start..<target.upperBound).first { bytes[$0] == UInt8(ascii: "/") || bytes[$0] == UInt8(ascii: "?") } ?? target.upperBound
      authoritySpan = start..<end
      (pathSpan, querySpan) = Self.split(bytes, end..<target.upperBound)
    }
  }

  /// `:method` and `:path`. They may be as long together as they may be in a request line.
  init(_ bytes: Span<UInt8>, method span: Range<Int>, path: Range<Int>) throws(RequestError) {
    guard span.count + path.count + "  HTTP/1.1".utf8.count <= RequestParser.longestRequestLine else { throw .requestLineTooLong }
    try Self.checkMethod(bytes, span)
    methodSpan = span
    method = Self.method(bytes, span)
    minorVersion = 1
    authoritySpan = nil
    guard !path.isEmpty, bytes.areAll(in: path, ASCII.target) else { throw .badTarget }
    if bytes[path.lowerBound] == UInt8(ascii: "/") {
      (pathSpan, querySpan) = Self.split(bytes, path)
    } else {
      guard bytes.equals("*", in: path), method == .options else { throw .badTarget }
      (pathSpan, querySpan) = (path, nil)
    }
  }

  private static func checkMethod(_ bytes: Span<UInt8>, _ span: Range<Int>) throws(RequestError) {
    guard !span.isEmpty, span.count <= longestMethod, bytes.areAll(in: span, ASCII.token) else { throw .badMethod }
  }

  private static func method(_ bytes: Span<UInt8>, _ span: Range<Int>) -> Method? {
    if bytes.equals("GET", in: span) { return .get }
    if bytes.equals("POST", in: span) { return .post }
    return Method.allCases.first { bytes.equals($0.rawValue, in: span) }
  }

  private static func version(_ bytes: Span<UInt8>, _ span: Range<Int>) throws(RequestError) -> UInt8 {
    if bytes.equals("HTTP/1.1", in: span) { return 1 }
    if bytes.equals("HTTP/1.0", in: span) { return 0 }
    guard span.count == 8, bytes.equals("HTTP/", in: span.prefix(5)) else { throw .badVersion }
    let start = span.lowerBound
    guard ASCII.isDigit(bytes[start + 5]), bytes[start + 6] == UInt8(ascii: "."), ASCII.isDigit(bytes[start + 7]) else { throw .badVersion }
    // HTTP/0.9 was never written in a request line; whoever writes it is confused, not old.
    if bytes[start + 5] == UInt8(ascii: "0") { throw .badVersion }
    throw .unsupportedVersion
  }

  private static func split(_ bytes: Span<UInt8>, _ span: Range<Int>) -> (Range<Int>, Range<Int>?) {
    guard let mark = bytes.firstIndex(of: UInt8(ascii: "?"), in: span) else { return (span, nil) }
    return (span.lowerBound..<mark, mark + 1..<span.upperBound)
  }

  private static func authorityStart(_ bytes: Span<UInt8>, _ target: Range<Int>) throws(RequestError) -> Int {
    for scheme in ["http://", "https://"] where target.count > scheme.utf8.count {
      if bytes.equalsFolded(scheme, in: target.prefix(scheme.utf8.count)) { return target.lowerBound + scheme.utf8.count }
    }
    throw .badTarget
  }
}
