private import Glibc

/// The field section of an HTTP/2 request (RFC 9113, section 8), field by field as it is decompressed. Names, values and limits are
/// judged as `RequestParser` judges them, and the head is the same value.
///
/// The first error is kept and the rest only counted: what is compressed has to be read to its end.
package struct FieldBlock: Sendable {
  private var bytes: [UInt8] = []
  private var spans: [Headers.Span] = []
  private var facts = FieldFacts()
  private var method: Range<Int>?
  private var path: Range<Int>?
  private var hasScheme = false
  private var authority: Range<Int>?
  private var hasFields = false
  /// What the fields would take as lines of HTTP/1.
  private var fieldBytes = 0
  private var cookieCount = 0
  package private(set) var error: RequestError?
  /// RFC 9113, section 6.5.2: what SETTINGS_MAX_HEADER_LIST_SIZE counts.
  package private(set) var listSize = 0

  package init() {}

  package var memory: Int { bytes.capacity + spans.capacity * MemoryLayout<Headers.Span>.stride }

  package mutating func take(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
    listSize += name.count + value.count + 32
    guard error == nil else { return }
    if bytes.isEmpty {
      bytes.reserveCapacity(512)
      spans.reserveCapacity(8)
    }
    do throws(RequestError) {
      if name.first == UInt8(ascii: ":") { try takePseudo(name, value) } else { try takeField(name, value) }
    } catch {
      self.error = error
    }
  }

  /// The path of a request that was refused, where it was read before.
  package var knownPath: String? {
    guard let path, let method, let line = try? RequestLine(bytes.span, method: method, path: path) else { return nil }
    return String(decoding: bytes[line.pathSpan], as: UTF8.self)
  }

  /// The block is whole. `endsHere`: no body follows.
  package mutating func head(endsHere: Bool) throws(RequestError) -> RequestHead {
    if let error { throw error }
    guard let method, hasScheme || isConnect(method), let path = path ?? (isConnect(method) ? method : nil) else {
      throw .missingPseudoField
    }
    if isConnect(method) { throw .connectRefused }
    guard !path.isEmpty else { throw .missingPseudoField }
    let line = try RequestLine(bytes.span, method: method, path: path)
    try takeAuthority()
    if endsHere, let length = facts.length, length > 0 { throw .lengthMismatch }
    if cookieCount > 1 { joinCookies() }
    defer { self = FieldBlock() }
    return RequestHead(line: line, facts: facts, headers: Headers(bytes: bytes, spans: spans), endsHere: endsHere)
  }

  private func isConnect(_ method: Range<Int>) -> Bool { bytes.span.equals("CONNECT", in: method) }

  private mutating func append(_ part: UnsafeBufferPointer<UInt8>) -> Range<Int> {
    let start = bytes.count
    bytes.append(contentsOf: part)
    return start..<bytes.count
  }

  private mutating func takePseudo(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) throws(RequestError) {
    guard !hasFields else { throw .badPseudoField }
    // Longer than any of them could be in HTTP/1, and than the block should grow for it.
    guard value.count <= RequestParser.longestRequestLine else { throw .requestLineTooLong }
    if Self.are(name, ":path") {
      guard path == nil else { throw .badPseudoField }
      path = append(value)
    } else if Self.are(name, ":method") {
      guard method == nil else { throw .badPseudoField }
      method = append(value)
    } else if Self.are(name, ":scheme") {
      guard !hasScheme, Self.are(value, "http") || Self.are(value, "https") else { throw .badPseudoField }
      hasScheme = true
    } else if Self.are(name, ":authority") {
      guard authority == nil else { throw .badPseudoField }
      authority = append(value)
    } else {
      throw .badPseudoField
    }
  }

  private mutating func takeField(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) throws(RequestError) {
    hasFields = true
    try count(name.count, value.count)
    try Self.check(name, value)
    let (nameSpan, valueSpan) = (append(name), append(value))
    switch name.count {
    case 2 where Self.are(name, "te"): guard Self.are(value, "trailers") else { throw .connectionField }
    case 6 where Self.are(name, "cookie"): cookieCount += 1
    case 7 where Self.are(name, "upgrade"), 10 where Self.are(name, "connection") || Self.are(name, "keep-alive"),
      16 where Self.are(name, "proxy-connection"), 17 where Self.are(name, "transfer-encoding"):
      throw .connectionField
    default: break
    }
    var noted = facts
    try noted.note(bytes.span, nameSpan, valueSpan)
    facts = noted
    note(nameSpan, valueSpan)
  }

  private mutating func count(_ name: Int, _ value: Int) throws(RequestError) {
    fieldBytes += name + value + 4
    guard fieldBytes + 2 <= RequestParser.mostFieldBytes else { throw .headersTooLarge }
    guard spans.count < RequestParser.mostFields else { throw .tooManyFields }
  }

  private mutating func note(_ name: Range<Int>, _ value: Range<Int>) {
    spans.append(
      Headers.Span(
        name: UInt32(name.lowerBound)..<UInt32(name.upperBound), value: UInt32(value.lowerBound)..<UInt32(value.upperBound)))
  }

  /// `:authority` is what `Host` says in HTTP/1, and becomes it; where both stand they have to agree.
  private mutating func takeAuthority() throws(RequestError) {
    guard let authority else {
      guard facts.host != nil else { throw .missingHost }
      return
    }
    guard HostName.isValid(bytes.span, authority) else { throw .badHost }
    if let host = facts.host {
      guard bytes.span.areSameFolded(host, authority) else { throw .otherHost }
      return
    }
    try count(4, authority.count)
    let start = bytes.count
    bytes.append(contentsOf: "host".utf8)
    note(start..<bytes.count, authority)
  }

  /// RFC 9113, section 8.2.3: a cookie may come in pieces, each a field; whoever reads it is to find one.
  private mutating func joinCookies() {
    var joined: [UInt8] = []
    var rest: [Headers.Span] = []
    var first: Headers.Span?
    for span in spans {
      guard bytes.span.equals("cookie", in: Int(span.name.lowerBound)..<Int(span.name.upperBound)) else {
        rest.append(span)
        continue
      }
      if first == nil { first = span } else { joined += "; ".utf8 }
      joined += bytes[Int(span.value.lowerBound)..<Int(span.value.upperBound)]
    }
    let start = UInt32(bytes.count)
    bytes += joined
    if let first { rest.append(Headers.Span(name: first.name, value: start..<UInt32(bytes.count))) }
    spans = rest
  }
}

/// What holds for every field, those after the body too.
extension FieldBlock {
  static func check(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) throws(RequestError) {
    let nameBytes = UnsafeRawBufferPointer(name)
    guard !name.isEmpty, ASCII.areAll(nameBytes, ASCII.lowercaseToken) else {
      throw ASCII.areAll(nameBytes, ASCII.token) ? .capitalInName : .badFieldName
    }
    guard ASCII.areAll(UnsafeRawBufferPointer(value), ASCII.fieldValue) else {
      throw value.contains { $0 == 0 || $0 == 10 || $0 == 13 } ? .lineEndInValue : .badFieldValue
    }
    if let first = value.first, let last = value.last, ASCII.isSpace(first) || ASCII.isSpace(last) { throw .spaceAroundValue }
  }

  static func are(_ bytes: UnsafeBufferPointer<UInt8>, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount, let start = bytes.baseAddress else { return false }
    return memcmp(start, text.utf8Start, bytes.count) == 0
  }
}

/// Fields after the body (RFC 9113, section 8.1): checked, bounded and dropped, as those of a chunked body are.
package struct TrailerBlock: Sendable {
  package private(set) var total = 0
  package private(set) var error: RequestError?

  package init() {}

  package mutating func take(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
    total += name.count + value.count + 4
    guard error == nil else { return }
    do throws(RequestError) {
      if name.first == UInt8(ascii: ":") { throw .badPseudoField }
      guard total < ChunkedDecoder.mostTrailerBytes else { throw .headersTooLarge }
      try FieldBlock.check(name, value)
      guard TrailerName.isAllowed(name.span, 0..<name.count) else { throw .forbiddenTrailer }
    } catch {
      self.error = error
    }
  }
}
