internal import JSON

/// A JSON text in which `{{to}}` and `{{text}}` stand inside of strings. Values are inserted as JSON strings are written, so none
/// can end its string.
struct JSONTemplate: Sendable {
  private enum Piece: Sendable {
    case literal(String)
    case to
    case text
  }

  private let pieces: [Piece]

  /// `nil` where it holds another placeholder, or does not give JSON with whatever is inserted.
  init?(_ source: String) {
    guard source.utf8.count <= 16_384 else { return nil }
    var pieces: [Piece] = []
    for (index, part) in source.split(separator: "{{", omittingEmptySubsequences: false).enumerated() {
      guard index > 0 else {
        pieces.append(.literal(String(part)))
        continue
      }
      if part.hasPrefix("to}}") {
        pieces += [.to, .literal(String(part.dropFirst(4)))]
      } else if part.hasPrefix("text}}") {
        pieces += [.text, .literal(String(part.dropFirst(6)))]
      } else {
        return nil
      }
    }
    self.pieces = pieces
    // Outside of a string one of these would not parse.
    guard (try? JSONValue(parsing: filled(to: "a \"b\" \\ c", text: "{d}: e"))) != nil else { return nil }
  }

  func filled(to: String, text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    for piece in pieces {
      switch piece {
      case .literal(let literal): bytes += literal.utf8
      case .to: bytes += Self.escaped(to)
      case .text: bytes += Self.escaped(text)
      }
    }
    return bytes
  }

  /// As `JSONWriter` writes it, without the quotation marks around it.
  private static func escaped(_ text: String) -> ArraySlice<UInt8> {
    var json = JSONWriter()
    json.string(text)
    return json.bytes.dropFirst().dropLast()
  }
}
