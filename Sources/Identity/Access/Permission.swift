/// What may be done with what: `resource:action`, both made of `/`-separated segments of `[a-z0-9._-]`. `*` stands for one whole
/// segment, `**` for the rest, at least one: `models/*:invoke`, `**:read`.
package struct Permission: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let text: String
  /// Whether it holds `*` or `**`, and so covers others.
  package let isPattern: Bool

  package var description: String { text }

  package static let mostBytes = 200

  /// `nil` where `text` is not a permission.
  package init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard parts.count == 2, text.utf8.count <= Self.mostBytes, parts.allSatisfy(Self.isPath) else { return nil }
    self.text = text
    isPattern = text.utf8.contains(UInt8(ascii: "*"))
  }

  package static func < (left: Permission, right: Permission) -> Bool { left.text < right.text }

  private static func isPath(_ path: Substring.UTF8View) -> Bool {
    let segments = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    for (index, segment) in segments.enumerated() {
      if segment.elementsEqual("**".utf8) {
        guard index == segments.count - 1 else { return false }
      } else if !segment.elementsEqual("*".utf8) {
        guard !segment.isEmpty, segment.allSatisfy(isPlain) else { return false }
      }
    }
    return true
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
  }
}
