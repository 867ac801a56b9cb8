/// Reads HTTP/1.1 requests (RFC 9112) from bytes as they come: no I/O, no clock, and the same result however the bytes are cut.
///
///     start ─request line─▶ fields ─empty line─▶ decision ─accept─▶ body ─last byte─▶ start
///       │                     │                                      │
///       └─────── any error ───┴──────────────────────────────────────┘──▶ failed
///
/// `next` gives `.head` once; the caller routes it and says `accept(bodyLimit:)` before the body is looked at.
/// Strict: whatever two readers could take for two different things is an error. Between requests it holds no memory.
package struct RequestParser: Sendable {
  package enum Event: Sendable {
    /// Every byte given was used; nothing is complete.
    case needsMoreBytes
    case head(RequestHead)
    case body([UInt8])
  }

  package static let longestRequestLine = 8192
  package static let mostFieldBytes = 16_384
  package static let mostFields = 100

  private enum Phase {
    case start, fields, decision, failed
    case fixedBody(remaining: Int)
    case chunkedBody(ChunkedDecoder)
    case emptyBody
  }

  private var phase = Phase.start
  /// The head so far, and what is known of it.
  private var bytes: [UInt8] = []
  private var lineStart = 0
  private var fieldsStart = 0
  private var hasSkippedEmptyLine = false
  private var line: RequestLine?
  private var facts = FieldFacts()
  private var spans: [Headers.Span] = []
  private var body: [UInt8] = []
  private var framing = RequestHead.Framing.none
  private var needsLength = false

  package init() {}

  /// Whether no byte of a next request has come.
  package var isBetweenRequests: Bool { if case .start = phase { bytes.isEmpty } else { false } }

  /// Whether the head of a request has begun and is not whole.
  package var isInHead: Bool {
    switch phase {
    case .start: !bytes.isEmpty
    case .fields: true
    default: false
    }
  }

  /// Bytes of memory that it keeps of a request that is not whole.
  package var memory: Int { bytes.capacity + body.capacity + spans.capacity * MemoryLayout<Headers.Span>.stride }

  /// Reads on from `position`, which is moved past what was used. Call again until `.needsMoreBytes`.
  package mutating func next(_ input: Span<UInt8>, from position: inout Int) throws(RequestError) -> Event {
    do {
      return try advance(input, &position)
    } catch {
      phase = .failed
      throw error
    }
  }

  /// The path of a request whose line was right and whose fields are not whole, or were wrong.
  package var path: String? {
    guard let line, line.pathSpan.upperBound <= bytes.count else { return nil }
    return String(decoding: bytes[line.pathSpan], as: UTF8.self)
  }

  /// Answers `.head`: the body is wanted, if it is no longer than `bodyLimit`. Where it is optional, a request that announces none has
  /// none.
  package mutating func accept(bodyLimit: Int, isBodyOptional: Bool = false) throws(RequestError) {
    phase = .failed
    switch framing {
    case .none:
      if needsLength, bodyLimit > 0, !isBodyOptional { throw .lengthRequired }
      phase = .emptyBody
    case .length(let count):
      guard count <= bodyLimit else { throw .bodyTooLarge }
      body.reserveCapacity(count)
      phase = count == 0 ? .emptyBody : .fixedBody(remaining: count)
    case .chunked:
      guard bodyLimit > 0 else { throw .bodyTooLarge }
      phase = .chunkedBody(ChunkedDecoder(limit: bodyLimit))
    }
  }

  /// Answers `.head`: the request was refused already, and its body is only read to find the next request. `false` where it is too
  /// long for that: then the connection must close.
  package mutating func skipBody(upTo limit: Int) -> Bool {
    needsLength = false
    do throws(RequestError) {
      try accept(bodyLimit: limit)
      return true
    } catch {
      return false
    }
  }

  private mutating func advance(_ input: Span<UInt8>, _ position: inout Int) throws(RequestError) -> Event {
    while true {
      switch phase {
      case .start:
        guard try takeRequestLine(input, &position) else { return .needsMoreBytes }
      case .fields:
        guard try takeFieldLine(input, &position) else { return .needsMoreBytes }
        if case .decision = phase { return .head(try takeHead()) }
      case .emptyBody: return finishBody()
      case .fixedBody(let remaining):
        let count = min(remaining, input.count - position)
        Self.append(input, position..<position + count, to: &body)
        position += count
        phase = .fixedBody(remaining: remaining - count)
        guard remaining == count else { return .needsMoreBytes }
        return finishBody()
      case .chunkedBody(var decoder):
        let isComplete = try decoder.take(input, &position, into: &body)
        phase = .chunkedBody(decoder)
        return isComplete ? finishBody() : .needsMoreBytes
      case .decision, .failed: return .needsMoreBytes
      }
    }
  }

  /// Ready for the next request. Field by field: `self = RequestParser()` would copy the whole parser for every request.
  private mutating func finishBody() -> Event {
    var whole: [UInt8] = []
    swap(&whole, &body)
    phase = .start
    lineStart = 0
    fieldsStart = 0
    hasSkippedEmptyLine = false
    line = nil
    facts = FieldFacts()
    framing = .none
    needsLength = false
    return .body(whole)
  }

  /// Copies up to the line's end into `bytes`. `false`: the line is not whole yet.
  private mutating func takeLine(
    _ input: Span<UInt8>, _ position: inout Int, limit: Int, tooLong: RequestError
  ) throws(RequestError) -> Bool {
    let end = input.firstIndex(of: 10, in: position..<input.count)
    Self.append(input, position..<(end.map { $0 + 1 } ?? input.count), to: &bytes)
    position = end.map { $0 + 1 } ?? input.count
    var length = bytes.count - lineStart - (end == nil ? 0 : 1)
    if length > 0, bytes[lineStart + length - 1] == 13 { length -= 1 }
    guard length <= limit else { throw tooLong }
    guard end != nil else { return false }
    guard length + 2 == bytes.count - lineStart else { throw .badLineEnd }
    return true
  }

  private mutating func takeRequestLine(_ input: Span<UInt8>, _ position: inout Int) throws(RequestError) -> Bool {
    if bytes.isEmpty {
      guard position < input.count else { return false }
      // Says at once that this is no HTTP/1, such as a TLS handshake, instead of waiting for a line end.
      guard ASCII.isTokenByte(input[position]) || input[position] == 13 || input[position] == 10 else { throw .badMethod }
      // As much as has come, which mostly is the whole head: one allocation.
      bytes.reserveCapacity(min(max(256, input.count - position), Self.longestRequestLine))
    }
    guard try takeLine(input, &position, limit: Self.longestRequestLine, tooLong: .requestLineTooLong) else { return false }
    if bytes.count == 2, !hasSkippedEmptyLine {
      // RFC 9112, section 2.2: one empty line before a request is tolerated.
      hasSkippedEmptyLine = true
      bytes.removeAll(keepingCapacity: true)
      return true
    }
    if bytes.count == 16, !hasSkippedEmptyLine, bytes.span.equals("PRI * HTTP/2.0", in: 0..<14) { throw .prefaceOfHTTP2 }
    line = try RequestLine(bytes.span, 0..<bytes.count - 2)
    lineStart = bytes.count
    fieldsStart = bytes.count
    phase = .fields
    return true
  }

  private mutating func takeFieldLine(_ input: Span<UInt8>, _ position: inout Int) throws(RequestError) -> Bool {
    let limit = Self.mostFieldBytes - (lineStart - fieldsStart) - 4
    guard try takeLine(input, &position, limit: max(0, limit), tooLong: .headersTooLarge) else { return false }
    let end = bytes.count - 2
    if end == lineStart {
      phase = .decision
      return true
    }
    guard spans.count < Self.mostFields else { throw .tooManyFields }
    if spans.isEmpty { spans.reserveCapacity(8) }
    var noted = facts
    spans.append(try noted.take(bytes.span, lineStart..<end))
    facts = noted
    lineStart = bytes.count
    return true
  }

  private mutating func takeHead() throws(RequestError) -> RequestHead {
    guard let line else { throw .badRequestLine }
    if line.minorVersion == 0, facts.isChunked { throw .encodingInOldVersion }
    if facts.host == nil, line.minorVersion == 1 { throw .missingHost }
    if let authority = line.authoritySpan { try checkAuthority(authority) }
    let head = RequestHead(line: line, facts: facts, headers: Headers(bytes: bytes, spans: spans))
    framing = head.framing
    needsLength = line.method?.carriesContent ?? false
    bytes = []
    spans = []
    return head
  }

  private func checkAuthority(_ authority: Range<Int>) throws(RequestError) {
    guard HostName.isValid(bytes.span, authority) else { throw .badTarget }
    guard let host = facts.host else { return }
    guard bytes.span.areSameFolded(host, authority) else { throw .otherHost }
  }

  /// Static: a method of a value would have to be given a copy of the whole parser, for one of its parts is being written.
  private static func append(_ input: Span<UInt8>, _ range: Range<Int>, to array: inout [UInt8]) {
    input.withUnsafeBufferPointer { array.append(contentsOf: UnsafeBufferPointer(rebasing: $0[range])) }
  }
}
