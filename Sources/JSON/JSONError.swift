/// Why a JSON text was refused: where, and what to write instead. It never holds a value from the text, so it may be shown
/// to the caller and logged.
package struct JSONError: Error, Equatable, CustomStringConvertible {
  /// RFC 6901; empty for the whole document.
  package let pointer: String
  /// Plain English that says what to fix.
  package let detail: String
  /// `nil` where the text is well formed and only a member is missing or of the wrong type.
  package let position: JSONPosition?

  package init(pointer: String, detail: String, position: JSONPosition? = nil) {
    self.pointer = pointer
    self.detail = detail
    self.position = position
  }

  package var description: String {
    let place = position.map { " (line \($0.line), column \($0.column))" } ?? ""
    return (pointer.isEmpty ? "" : "\(pointer): ") + detail + place
  }
}

/// A place in a text as an editor shows it.
package struct JSONPosition: Hashable, Sendable {
  /// From 1; a line ends with LF.
  package let line: Int
  /// From 1, in code points.
  package let column: Int
  /// From 0, in bytes.
  package let offset: Int

  init(offset: Int, in bytes: [UInt8]) {
    var line = 1
    var column = 1
    for byte in bytes.prefix(offset) {
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    self.line = line
    self.column = column
    self.offset = offset
  }
}

/// A reference to one value in a document (RFC 6901), built from the outside in.
struct JSONPointer {
  private(set) var text = ""

  /// The pointer to the member `name` of the value that this one names.
  func appending(_ name: some StringProtocol) -> JSONPointer {
    var longer = self
    longer.text += "/"
    for character in name.unicodeScalars {
      switch character {
      case "~": longer.text += "~0"
      case "/": longer.text += "~1"
      default: longer.text.unicodeScalars.append(character)
      }
    }
    return longer
  }
}
