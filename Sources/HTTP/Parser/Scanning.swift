private import Glibc

extension Span where Element == UInt8 {
  func firstIndex(of byte: UInt8, in span: Range<Int>) -> Int? {
    guard !span.isEmpty else { return nil }
    return withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress, let found = memchr(start + span.lowerBound, Int32(byte), span.count) else { return nil }
      return UnsafeRawPointer(start).distance(to: found)
    }
  }

  func areAll(in span: Range<Int>, _ kind: UInt8) -> Bool {
    withUnsafeBufferPointer { ASCII.areAll(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer($0)[span]), kind) }
  }

  func equals(_ text: String, in span: Range<Int>) -> Bool {
    guard text.utf8.count == span.count else { return false }
    var index = span.lowerBound
    for byte in text.utf8 {
      guard self[index] == byte else { return false }
      index += 1
    }
    return true
  }

  /// `text` is in lower case; ASCII letters in the bytes are folded.
  func equalsFolded(_ text: String, in span: Range<Int>) -> Bool {
    guard text.utf8.count == span.count else { return false }
    var index = span.lowerBound
    for byte in text.utf8 {
      guard ASCII.lowercase(self[index]) == byte else { return false }
      index += 1
    }
    return true
  }

  /// Whether two spans hold the same but for capitals.
  func areSameFolded(_ first: Range<Int>, _ second: Range<Int>) -> Bool {
    first.count == second.count && zip(first, second).allSatisfy { ASCII.lowercase(self[$0]) == ASCII.lowercase(self[$1]) }
  }

  /// As `equalsFolded`, with underscores read as hyphens.
  func equalsHyphenated(_ text: String, in span: Range<Int>) -> Bool {
    guard text.utf8.count == span.count else { return false }
    var index = span.lowerBound
    for byte in text.utf8 {
      let own = self[index] == UInt8(ascii: "_") ? UInt8(ascii: "-") : ASCII.lowercase(self[index])
      guard own == byte else { return false }
      index += 1
    }
    return true
  }

  /// Without spaces and tabs at either end.
  func trimmed(_ span: Range<Int>) -> Range<Int> {
    var (start, end) = (span.lowerBound, span.upperBound)
    while start < end, ASCII.isSpace(self[start]) { start += 1 }
    while end > start, ASCII.isSpace(self[end - 1]) { end -= 1 }
    return start..<end
  }
}
