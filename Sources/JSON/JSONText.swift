/// A string as it stands between its quotes.
struct JSONText {
  let range: Range<Int>
  let hasEscapes: Bool
}

extension JSONCursor {
  /// Reads the string that begins at the quote under the cursor.
  mutating func text() throws(JSONFlaw) -> JSONText {
    let start = offset + 1
    var position = start
    var hasEscapes = false
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        move(to: position + 1)
        return JSONText(range: start..<position, hasEscapes: hasEscapes)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        position = try escape(at: position).end
      case 0..<0x20:
        throw JSONFlaw(offset: position, detail: "a control character stands in a string; write it as \\u00XX")
      case 0x20..<0x80: position += 1
      default: position = try endOfCharacter(at: position)
      }
    }
    throw JSONFlaw(offset: bytes.count, detail: "the text ends inside a string; close it with a double quote")
  }

  func string(_ text: JSONText) -> String {
    text.hasEscapes ? String(decoding: unescaped(text), as: UTF8.self) : String(decoding: bytes[text.range], as: UTF8.self)
  }

  /// The string's own bytes. `text` came from this cursor, so its escapes are good.
  func unescaped(_ text: JSONText) -> [UInt8] {
    guard text.hasEscapes else { return Array(bytes[text.range]) }
    var result: [UInt8] = []
    result.reserveCapacity(text.range.count)
    var position = text.range.lowerBound
    while position < text.range.upperBound {
      if bytes[position] == UInt8(ascii: "\\"), let escape = try? escape(at: position) {
        result.append(contentsOf: UTF8.encode(escape.scalar) ?? UTF8.encodedReplacementCharacter)
        position = escape.end
      } else {
        result.append(bytes[position])
        position += 1
      }
    }
    return result
  }

  /// The character that the backslash at `position` begins, and where it ends (RFC 8259, section 7).
  private func escape(at position: Int) throws(JSONFlaw) -> (scalar: Unicode.Scalar, end: Int) {
    guard position + 1 < bytes.count else { throw JSONFlaw(offset: bytes.count, detail: "the text ends inside an escape") }
    switch bytes[position + 1] {
    case UInt8(ascii: "\""): return ("\"", position + 2)
    case UInt8(ascii: "\\"): return ("\\", position + 2)
    case UInt8(ascii: "/"): return ("/", position + 2)
    case UInt8(ascii: "b"): return ("\u{8}", position + 2)
    case UInt8(ascii: "f"): return ("\u{C}", position + 2)
    case UInt8(ascii: "n"): return ("\n", position + 2)
    case UInt8(ascii: "r"): return ("\r", position + 2)
    case UInt8(ascii: "t"): return ("\t", position + 2)
    case UInt8(ascii: "u"): return try unicodeEscape(at: position)
    default: throw JSONFlaw(offset: position, detail: "unknown escape; write a backslash itself as \\\\")
    }
  }

  private func unicodeEscape(at position: Int) throws(JSONFlaw) -> (scalar: Unicode.Scalar, end: Int) {
    let first = try codeUnit(at: position)
    guard first != 0 else { throw JSONFlaw(offset: position, detail: "a NUL character is not allowed in a string") }
    if let scalar = Unicode.Scalar(first) { return (scalar, position + 6) }
    let lone = JSONFlaw(offset: position, detail: "a surrogate stands alone; write both halves of the pair")
    guard first < 0xDC00, position + 7 < bytes.count, bytes[position + 6] == UInt8(ascii: "\\"), bytes[position + 7] == UInt8(ascii: "u")
    else { throw lone }
    let second = try codeUnit(at: position + 6)
    guard (0xDC00...0xDFFF).contains(second) else { throw lone }
    let value = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
    guard let scalar = Unicode.Scalar(value) else { throw lone }
    return (scalar, position + 12)
  }

  /// The four hexadecimal digits after `\u`.
  private func codeUnit(at position: Int) throws(JSONFlaw) -> UInt16 {
    var value: UInt16 = 0
    for index in position + 2..<position + 6 {
      guard index < bytes.count, let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else {
        throw JSONFlaw(offset: min(index, bytes.count), detail: "expected four hexadecimal digits after \\u")
      }
      value = value << 4 | UInt16(digit)
    }
    return value
  }

  /// Where the character of several bytes at `position` ends (the table of Unicode 15, section 3.9, well-formed sequences).
  private func endOfCharacter(at position: Int) throws(JSONFlaw) -> Int {
    let (length, second): (Int, ClosedRange<UInt8>) =
      switch bytes[position] {
      case 0xC2...0xDF: (2, 0x80...0xBF)
      case 0xE0: (3, 0xA0...0xBF)
      case 0xED: (3, 0x80...0x9F)
      case 0xE1...0xEF: (3, 0x80...0xBF)
      case 0xF0: (4, 0x90...0xBF)
      case 0xF1...0xF3: (4, 0x80...0xBF)
      case 0xF4: (4, 0x80...0x8F)
      default: (0, 0...0)
      }
    let end = position + length
    guard length > 0, end <= bytes.count, second.contains(bytes[position + 1]),
      bytes[(position + 2)..<end].allSatisfy({ $0 & 0xC0 == 0x80 })
    else { throw JSONFlaw(offset: position, detail: "these bytes are not UTF-8; send the text as UTF-8") }
    return end
  }
}
