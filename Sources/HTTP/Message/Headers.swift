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

  /// Bytes of memory: fields of a letter take many times their text.
  package var memory: Int { bytes.capacity + spans.capacity * MemoryLayout<Span>.stride }

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
  package subscript(_ name: String) -> String? { index(of: name).map { text(spans[$0].value) } }

  /// The first value as it came.
  package func value(of name: String) -> ArraySlice<UInt8>? {
    index(of: name).map { slice(spans[$0].value) }
  }

  /// How a field that may stand only once does.
  package enum Occurrence: Sendable {
    case absent
    case once(ArraySlice<UInt8>)
    case repeated
  }

  package func occurrence(of name: String) -> Occurrence {
    guard let first = index(of: name) else { return .absent }
    guard index(of: name, from: first + 1) == nil else { return .repeated }
    return .once(slice(spans[first].value))
  }

  package func values(of name: String) -> [String] { indices(of: name).map { text(spans[$0].value) } }

  /// The values as they came, in order.
  func slices(of name: String) -> [ArraySlice<UInt8>] { indices(of: name).map { slice(spans[$0].value) } }

  package func count(of name: String) -> Int { indices(of: name).count }

  package func contains(_ name: String) -> Bool { index(of: name) != nil }

  /// Every field, in order, as it was sent.
  package var fields: [(name: String, value: String)] { spans.map { (text($0.name), text($0.value)) } }

  private func indices(of name: String) -> [Int] {
    var indices: [Int] = []
    while let next = index(of: name, from: (indices.last ?? -1) + 1) { indices.append(next) }
    return indices
  }

  /// Where the next field of this name stands. Field names are case-insensitive (RFC 9110, section 5.1). The parser lets only token
  /// characters in, so that folding ASCII letters is the whole of it. A request is searched some ten times, so names are compared in
  /// place.
  private func index(of name: String, from start: Int = 0) -> Int? {
    var name = name
    return name.withUTF8 { wanted in
      bytes.withUnsafeBufferPointer { bytes in
        for index in start..<spans.count where spans[index].name.count == wanted.count {
          let position = Int(spans[index].name.lowerBound)
          if Self.areSame(UnsafeBufferPointer(rebasing: bytes[position..<position + wanted.count]), wanted) { return index }
        }
        return nil
      }
    }
  }

  private static func areSame(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
    for index in left.indices where left[index] != right[index] {
      guard ASCII.lowercase(left[index]) == ASCII.lowercase(right[index]) else { return false }
    }
    return true
  }

  private func slice(_ span: Range<UInt32>) -> ArraySlice<UInt8> { bytes[Int(span.lowerBound)..<Int(span.upperBound)] }

  private func text(_ span: Range<UInt32>) -> String {
    String(decoding: bytes[Int(span.lowerBound)..<Int(span.upperBound)], as: UTF8.self)
  }
}
