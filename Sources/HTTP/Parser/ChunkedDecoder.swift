/// Takes a chunked body apart (RFC 9112, section 7.1). Extensions and trailers are checked, bounded and dropped.
///
///     size ─CR LF─▶ data ─all─▶ dataEnd ─CR LF─▶ size … ─size 0─▶ trailers ─empty line─▶ done
struct ChunkedDecoder: Sendable {
  private enum Phase { case size, data, dataEnd, trailers }

  static let longestSizeLine = 256
  /// What all extensions of one body may cost; no honest client sends any.
  static let mostExtensionBytes = 1024
  static let mostTrailerBytes = 4096

  private let limit: Int
  private var phase = Phase.size
  private var line: [UInt8] = []
  private var remaining = 0
  private var total = 0
  private var extensionBytes = 0
  private var trailerBytes = 0

  init(limit: Int) { self.limit = limit }

  /// `true` once the body and its trailers are complete.
  mutating func take(_ input: Span<UInt8>, _ position: inout Int, into body: inout [UInt8]) throws(RequestError) -> Bool {
    while position < input.count {
      switch phase {
      case .size:
        if try takeLine(input, &position, limit: Self.longestSizeLine, tooLong: .badChunkSize) { try startChunk() }
      case .data:
        let count = min(remaining, input.count - position)
        input.withUnsafeBufferPointer { body.append(contentsOf: UnsafeBufferPointer(rebasing: $0[position..<position + count])) }
        position += count
        remaining -= count
        if remaining == 0 { phase = .dataEnd }
      case .dataEnd:
        line.append(input[position])
        position += 1
        guard line[0] == 13, line.count < 2 || line[1] == 10 else { throw .badChunkEnd }
        if line.count == 2 {
          line.removeAll(keepingCapacity: true)
          phase = .size
        }
      case .trailers:
        let limit = Self.mostTrailerBytes - trailerBytes
        if try takeLine(input, &position, limit: limit, tooLong: .headersTooLarge), try endsTrailers() { return true }
      }
    }
    return false
  }

  private mutating func takeLine(
    _ input: Span<UInt8>, _ position: inout Int, limit: Int, tooLong: RequestError
  ) throws(RequestError) -> Bool {
    while position < input.count {
      let byte = input[position]
      position += 1
      if byte == 10 {
        guard line.last == 13 else { throw .badLineEnd }
        line.removeLast()
        return true
      }
      if line.last == 13 { throw .badLineEnd }
      line.append(byte)
      guard line.count <= limit + 1 else { throw tooLong }
    }
    return false
  }

  private mutating func startChunk() throws(RequestError) {
    let digits = line.prefix { ASCII.hexadecimalValue($0) != nil }
    guard 1...15 ~= digits.count else { throw .badChunkSize }
    remaining = digits.reduce(0) { $0 << 4 | Int(ASCII.hexadecimalValue($1) ?? 0) }
    if digits.count < line.count {
      guard line[digits.count] == UInt8(ascii: ";") else { throw .badChunkSize }
      extensionBytes += line.count - digits.count
      guard extensionBytes <= Self.mostExtensionBytes, ChunkExtension.areValid(line[digits.count...]) else { throw .badChunkExtension }
    }
    line.removeAll(keepingCapacity: true)
    guard remaining <= limit - total else { throw .bodyTooLarge }
    total += remaining
    phase = remaining == 0 ? .trailers : .data
  }

  /// Trailers may not say anything that was decided from the head (RFC 9110, section 6.5.1).
  private mutating func endsTrailers() throws(RequestError) -> Bool {
    guard !line.isEmpty else { return true }
    trailerBytes += line.count + 2
    guard trailerBytes < Self.mostTrailerBytes else { throw .headersTooLarge }
    let name: Range<Int>
    do { name = try FieldFacts.split(line.span, 0..<line.count).name } catch { throw .forbiddenTrailer }
    guard TrailerName.isAllowed(line.span, name) else { throw .forbiddenTrailer }
    line.removeAll(keepingCapacity: true)
    return false
  }
}

enum TrailerName {
  private static let forbidden = [
    "host", "content-length", "transfer-encoding", "connection", "expect", "authorization", "content-type", "trailer",
  ]

  static func isAllowed(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
    !forbidden.contains { bytes.equalsHyphenated($0, in: name) } && !ShadowingName.isOne(bytes, name)
  }
}

/// `;name`, `;name=token` or `;name="quoted"`, repeated (RFC 9112, section 7.1.1), without the white space that section only
/// tolerates.
enum ChunkExtension {
  static func areValid(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text
    while !rest.isEmpty {
      guard rest.removeFirst() == UInt8(ascii: ";"), takeToken(&rest) else { return false }
      guard rest.first == UInt8(ascii: "=") else { continue }
      rest.removeFirst()
      guard rest.first == UInt8(ascii: "\"") ? takeQuoted(&rest) : takeToken(&rest) else { return false }
    }
    return true
  }

  private static func takeToken(_ rest: inout ArraySlice<UInt8>) -> Bool {
    let end = rest.firstIndex { !ASCII.isTokenByte($0) } ?? rest.endIndex
    defer { rest = rest[end...] }
    return end > rest.startIndex
  }

  private static func takeQuoted(_ rest: inout ArraySlice<UInt8>) -> Bool {
    rest.removeFirst()
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\"") { return true }
      guard ASCII.classes[Int(byte)] & ASCII.fieldValue != 0 else { return false }
      if byte == UInt8(ascii: "\\") {
        guard let escaped = rest.popFirst(), ASCII.classes[Int(escaped)] & ASCII.fieldValue != 0 else { return false }
      }
    }
    return false
  }
}
