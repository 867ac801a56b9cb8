/// A permission that a rule asks for; `{1}`, `{2}` … stand for what the first, second … `*` of the rule's path matched.
package struct PermissionTemplate: Sendable, Equatable, CustomStringConvertible {
  private enum Piece: Sendable, Equatable {
    case text(String)
    case capture(Int)
  }

  package let description: String
  private let pieces: [Piece]
  /// Where there is nothing to fill in.
  package let constant: Permission?

  /// `nil` where no path could make a permission of it.
  package init?(_ text: String) {
    guard let pieces = Self.pieces(of: text) else { return nil }
    let sample = pieces.map { if case .text(let text) = $0 { text } else { "x" } }.joined()
    guard let permission = Permission(sample) else { return nil }
    self.pieces = pieces
    description = text
    constant = pieces.contains { if case .capture = $0 { true } else { false } } ? nil : permission
  }

  /// The highest number in braces; 0 where there is none.
  package var captureCount: Int {
    pieces.map { if case .capture(let number) = $0 { number } else { 0 } }.max() ?? 0
  }

  /// `nil` where a capture is not of `[a-z0-9._-]`, what a segment of a permission is made of. Nothing is folded: `GPT` is not
  /// `gpt` to the service behind, and so must not be to us.
  package func permission(_ captures: [Range<Int>], of path: OriginalPath) -> Permission? {
    if let constant { return constant }
    var text = ""
    for piece in pieces {
      switch piece {
      case .text(let literal): text += literal
      case .capture(let number):
        guard number <= captures.count else { return nil }
        let captured = path.bytes[captures[number - 1]]
        guard captured.allSatisfy(Self.isPlain) else { return nil }
        text += String(decoding: captured, as: UTF8.self)
      }
    }
    return Permission(text)
  }

  private static func pieces(of text: String) -> [Piece]? {
    var pieces: [Piece] = []
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
      guard let close = rest[open...].firstIndex(of: "}"), let number = Int(rest[rest.index(after: open)..<close]),
        (1...9).contains(number)
      else { return nil }
      if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
      pieces.append(.capture(number))
      rest = rest[rest.index(after: close)...]
    }
    return rest.isEmpty ? pieces : pieces + [.text(String(rest))]
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
  }
}
