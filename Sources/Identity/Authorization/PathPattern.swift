/// A path in a rule: `/models/*/files/**`. `*` stands for one whole segment; `**`, only at the end, for whatever is left, nothing
/// included, so that a rule for `/admin/**` covers `/admin` too and leaves no gap to a laxer rule after it.
package struct PathPattern: Sendable, Equatable, CustomStringConvertible {
  private enum Segment: Sendable, Equatable {
    case exactly([UInt8])
    case any
  }

  package let description: String
  private let segments: [Segment]
  private let isOpen: Bool

  /// `nil` where `text` is no pattern. Written as people read it, decoded: `/müller files/*`.
  package init?(_ text: String) {
    guard text.utf8.first == UInt8(ascii: "/") else { return nil }
    var segments: [Segment] = []
    var isOpen = false
    for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      guard !isOpen else { return nil }
      if part.elementsEqual("**".utf8) {
        isOpen = true
      } else if part.elementsEqual("*".utf8) {
        segments.append(.any)
      } else {
        guard !part.isEmpty || text == "/", !part.contains(UInt8(ascii: "*")) else { return nil }
        if !part.isEmpty { segments.append(.exactly(Array(part))) }
      }
    }
    guard segments.allSatisfy(Self.isReachable) else { return nil }
    self.segments = segments
    self.isOpen = isOpen
    description = text
  }

  /// How many `*` there are, and so how many captures a match has.
  package var captureCount: Int { segments.count { $0 == .any } }

  /// What each `*` stood for, as positions in `path.bytes`; `nil` where the path does not match.
  package func captures(in path: OriginalPath) -> [Range<Int>]? {
    let bytes = path.bytes
    var captures: [Range<Int>] = []
    var position = bytes.count == 1 ? bytes.count : 0
    for segment in segments {
      guard position < bytes.count else { return nil }
      let start = position + 1
      var end = start
      while end < bytes.count, bytes[end] != UInt8(ascii: "/") { end += 1 }
      switch segment {
      case .any: captures.append(start..<end)
      case .exactly(let literal): guard literal.elementsEqual(bytes[start..<end]) else { return nil }
      }
      position = end
    }
    return isOpen || position == bytes.count ? captures : nil
  }

  /// A literal that no normalised path can hold would be a rule that never matches, in silence.
  private static func isReachable(_ segment: Segment) -> Bool {
    guard case .exactly(let literal) = segment else { return true }
    let encoded = literal.flatMap { byte -> [UInt8] in
      guard byte < 33 || byte > 126 else { return [byte] }
      return [UInt8(ascii: "%")] + [byte >> 4, byte & 15].map { $0 < 10 ? 48 + $0 : 55 + $0 }
    }
    return (try? OriginalPath(([UInt8(ascii: "/")] + encoded)[...]))?.bytes.dropFirst().elementsEqual(literal) ?? false
  }
}
