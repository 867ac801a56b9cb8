internal import Primitives

/// The words of JSON5 and where they stand.
struct JSON5Scanner {
  private let bytes: [UInt8]
  private var position = 0

  /// A byte order mark is white space in JSON5.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func advance() { position += 1 }

  mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  func error(_ detail: String) -> JSON5Error {
    let before = bytes[..<min(position, bytes.count)]
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    return JSON5Error(line: before.count { $0 == UInt8(ascii: "\n") } + 1, column: before.count - lineStart + 1, detail: detail)
  }

  /// White space and comments.
  mutating func skipSpace() throws(JSON5Error) {
    while let byte = next {
      switch byte {
      case 9, 10, 11, 12, 13, 32: position += 1
      case UInt8(ascii: "/"): try skipComment()
      default: return
      }
    }
  }

  private mutating func skipComment() throws(JSON5Error) {
    let start = self
    position += 1
    if take(UInt8(ascii: "/")) {
      while let byte = next, byte != UInt8(ascii: "\n") { position += 1 }
    } else if take(UInt8(ascii: "*")) {
      while let byte = next {
        position += 1
        if byte == UInt8(ascii: "*") && take(UInt8(ascii: "/")) { return }
      }
      throw start.error("the comment has no end")
    } else {
      throw start.error("a comment begins with // or /*")
    }
  }

  /// A bare name: ASCII letters, digits, `_` and `$`, no digit first.
  mutating func name() throws(JSON5Error) -> String {
    let start = position
    while let byte = next, isNameByte(byte, isFirst: position == start) { position += 1 }
    guard position > start else { throw error("a name or a value should stand here") }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private func isNameByte(_ byte: UInt8, isFirst: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "$"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): !isFirst
    default: false
    }
  }

  mutating func number() throws(JSON5Error) -> SettingsValue {
    let start = self
    let isNegative = next == UInt8(ascii: "-")
    if isNegative || next == UInt8(ascii: "+") { position += 1 }
    let first = position
    while let byte = next, isNumberByte(byte) { position += 1 }
    let digits = String(decoding: bytes[first..<position], as: UTF8.self)
    let sign = isNegative ? "-" : ""
    if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
      guard let value = Int(sign + digits.dropFirst(2), radix: 16) else { throw start.error("'\(digits)' is not a number") }
      return .integer(value)
    }
    // JSON has no leading zeros: 010 is eight to some and ten to others.
    if digits.utf8.count > 1, digits.hasPrefix("0"), digits.dropFirst().first?.isNumber == true {
      throw start.error("a number has no leading zero: '\(digits)'")
    }
    if let value = Int(sign + digits) { return .integer(value) }
    let isDecimal = digits.utf8.allSatisfy { (48...57).contains($0) || "+-.eE".utf8.contains($0) }
    let padded = (digits.hasPrefix(".") ? "0" : "") + digits + (digits.hasSuffix(".") ? "0" : "")
    guard isDecimal, let value = Double(sign + padded), value.isFinite else { throw start.error("'\(sign + digits)' is not a number") }
    return .number(value)
  }

  /// A sign belongs to the number only after an exponent's `e`.
  private func isNumberByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "+"), UInt8(ascii: "-"): position > 0 && bytes[position - 1] | 0x20 == UInt8(ascii: "e")
    case UInt8(ascii: "."): true
    default: isNameByte(byte, isFirst: false)
    }
  }

  mutating func string() throws(JSON5Error) -> String {
    let start = self
    guard let quote = next else { throw error("a string should stand here") }
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      switch byte {
      case quote:
        position += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        position += 1
        try escape(into: &text)
      case 10, 13: throw error("the line ends inside a string")
      default:
        text.append(byte)
        position += 1
      }
    }
    throw start.error("the string has no end")
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSON5Error) {
    guard let byte = next else { throw error("the text ends after a backslash") }
    position += 1
    switch byte {
    case UInt8(ascii: "b"): text.append(8)
    case UInt8(ascii: "f"): text.append(12)
    case UInt8(ascii: "n"): text.append(10)
    case UInt8(ascii: "r"): text.append(13)
    case UInt8(ascii: "t"): text.append(9)
    case UInt8(ascii: "v"): text.append(11)
    case UInt8(ascii: "x"): text.append(contentsOf: String(UnicodeScalar(UInt8(try hexadecimal(digits: 2)))).utf8)
    case UInt8(ascii: "u"): text.append(contentsOf: String(try scalar()).utf8)
    case 13: _ = take(10)
    case 10: break
    case UInt8(ascii: "0")...UInt8(ascii: "9"): throw error("a backslash before a digit means nothing here")
    default: text.append(byte)
    }
  }

  private mutating func scalar() throws(JSON5Error) -> UnicodeScalar {
    let high = try hexadecimal(digits: 4)
    if let scalar = UnicodeScalar(high) { return scalar }
    guard high < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw error("half of a surrogate pair") }
    let low = try hexadecimal(digits: 4)
    guard (0xDC00..<0xE000).contains(low), let scalar = UnicodeScalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) else {
      throw error("half of a surrogate pair")
    }
    return scalar
  }

  private mutating func hexadecimal(digits: Int) throws(JSON5Error) -> UInt32 {
    let end = position + digits
    guard end <= bytes.count, bytes[position..<end].allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
    else { throw error("\(digits) hexadecimal digits should stand here") }
    position = end
    return value
  }
}
