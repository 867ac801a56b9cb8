/// The fields of a request, in the order in which they came. Names and values are spans of the one block of bytes that arrived,
/// so that a request costs two allocations however many fields it has; a `String` is made only of what is asked for.
package struct Headers: Sendable {
  /// Where one field stands in `bytes`. The value is without the white space around it.
  package struct Span: Sendable {
    let name: Range<UInt32>
    let value: Range<UInt32>
  }

  package private(set) var bytes: [UInt8]
  package private(set) var spans: [Span]

  package init(_ fields: [(String, String)] = []) {
    bytes = []
    spans = []
    for (name, value) in fields { append(name, value) }
  }

  init(bytes: [UInt8], spans: [Span]) {
    self.bytes = bytes
    self.spans = spans
  }

  package mutating func append(_ name: String, _ value: String) {
    let start = UInt32(bytes.count)
    bytes.append(contentsOf: name.utf8)
    let middle = UInt32(bytes.count)
    bytes.append(contentsOf: value.utf8)
    spans.append(Span(name: start..<middle, value: middle..<UInt32(bytes.count)))
  }

  package var count: Int { spans.count }

  /// The first value; `nil` where the field is absent. A value that is not UTF-8 is repaired, and so equals nothing expected.
  package subscript(_ name: String) -> String? { first(name).map { text($0.value) } }

  /// The first value as it came.
  package func value(of name: String) -> ArraySlice<UInt8>? {
    first(name).map { bytes[Int($0.value.lowerBound)..<Int($0.value.upperBound)] }
  }

  /// How a field that may stand only once does.
  package enum Occurrence: Sendable {
    case absent
    case once(ArraySlice<UInt8>)
    case repeated
  }

  package func occurrence(of name: String) -> Occurrence {
    var found: Span?
    for span in spans where isNamed(span, name) {
      guard found == nil else { return .repeated }
      found = span
    }
    return found.map { .once(bytes[Int($0.value.lowerBound)..<Int($0.value.upperBound)]) } ?? .absent
  }

  package func values(of name: String) -> [String] {
    spans.lazy.filter { isNamed($0, name) }.map { text($0.value) }
  }

  /// The values as they came, in order.
  func slices(of name: String) -> [ArraySlice<UInt8>] {
    spans.lazy.filter { isNamed($0, name) }.map { bytes[Int($0.value.lowerBound)..<Int($0.value.upperBound)] }
  }

  package func count(of name: String) -> Int { spans.count { isNamed($0, name) } }

  package func contains(_ name: String) -> Bool { first(name) != nil }

  /// Every field, in order, as it was sent.
  package var fields: [(name: String, value: String)] { spans.map { (text($0.name), text($0.value)) } }

  private func first(_ name: String) -> Span? {
    for span in spans where isNamed(span, name) { return span }
    return nil
  }

  /// Field names are case-insensitive (RFC 9110, section 5.1). The parser lets only token characters in, so that folding
  /// ASCII letters is the whole of it.
  private func isNamed(_ span: Span, _ name: String) -> Bool {
    guard span.name.count == name.utf8.count else { return false }
    var position = Int(span.name.lowerBound)
    for byte in name.utf8 {
      guard ASCII.lowercase(bytes[position]) == ASCII.lowercase(byte) else { return false }
      position += 1
    }
    return true
  }

  private func text(_ span: Range<UInt32>) -> String {
    String(decoding: bytes[Int(span.lowerBound)..<Int(span.upperBound)], as: UTF8.self)
  }
}
