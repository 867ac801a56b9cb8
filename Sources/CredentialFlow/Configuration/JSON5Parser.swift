internal import Primitives

/// Where a text is not JSON5.
struct JSON5Error: Error, Equatable, CustomStringConvertible {
  /// From 1; columns count bytes.
  let line: Int
  let column: Int
  let detail: String

  var description: String { "line \(line), column \(column): \(detail)" }
}

/// Reads JSON5 (https://spec.json5.org): JSON with comments, trailing commas, single quotes and bare names. Stricter in what
/// would hide a mistake: a name given twice, infinities and depth over 16 are refused, always with the place.
///
/// Not Foundation's, which takes the first of two equal names, prints no place, and doubles the size of the program.
struct JSON5Parser {
  private var scanner: JSON5Scanner
  private var depth = 0
  private static let deepest = 16

  /// The one value in `bytes`, which are UTF-8.
  static func parse(_ bytes: [UInt8]) throws(JSON5Error) -> SettingsValue {
    guard String(validating: bytes, as: UTF8.self) != nil else { throw JSON5Error(line: 1, column: 1, detail: "the text is not UTF-8") }
    var parser = JSON5Parser(scanner: JSON5Scanner(bytes))
    try parser.scanner.skipSpace()
    let value = try parser.value()
    try parser.scanner.skipSpace()
    guard parser.scanner.next == nil else { throw parser.scanner.error("something follows the end of the value") }
    return value
  }

  private mutating func value() throws(JSON5Error) -> SettingsValue {
    guard let next = scanner.next else { throw scanner.error("the text ends where a value should stand") }
    return switch next {
    case UInt8(ascii: "{"): try nested { (parser) throws(JSON5Error) in .object(try parser.object()) }
    case UInt8(ascii: "["): try nested { (parser) throws(JSON5Error) in .array(try parser.array()) }
    case UInt8(ascii: "\""), UInt8(ascii: "'"): .string(try scanner.string())
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"): try scanner.number()
    default: try word()
    }
  }

  private mutating func word() throws(JSON5Error) -> SettingsValue {
    let start = scanner
    switch try scanner.name() {
    case "true": return .boolean(true)
    case "false": return .boolean(false)
    case "null": return .null
    case let other: throw start.error("'\(other)' is not a value; text stands in quotes")
    }
  }

  private mutating func nested(
    _ read: (inout JSON5Parser) throws(JSON5Error) -> SettingsValue
  ) throws(JSON5Error) -> SettingsValue {
    guard depth < Self.deepest else { throw scanner.error("more than \(Self.deepest) levels") }
    depth += 1
    scanner.advance()
    let value = try read(&self)
    depth -= 1
    return value
  }

  private mutating func object() throws(JSON5Error) -> [String: SettingsValue] {
    var members: [String: SettingsValue] = [:]
    while try !ends(with: UInt8(ascii: "}")) {
      let start = scanner
      let isQuoted = scanner.next == UInt8(ascii: "\"") || scanner.next == UInt8(ascii: "'")
      let name = isQuoted ? try scanner.string() : try scanner.name()
      guard members[name] == nil else { throw start.error("'\(name)' is given twice") }
      try scanner.skipSpace()
      guard scanner.take(UInt8(ascii: ":")) else { throw scanner.error("a ':' should follow '\(name)'") }
      try scanner.skipSpace()
      members[name] = try value()
      try separator(before: UInt8(ascii: "}"))
    }
    return members
  }

  private mutating func array() throws(JSON5Error) -> [SettingsValue] {
    var items: [SettingsValue] = []
    while try !ends(with: UInt8(ascii: "]")) {
      items.append(try value())
      try separator(before: UInt8(ascii: "]"))
    }
    return items
  }

  private mutating func ends(with bracket: UInt8) throws(JSON5Error) -> Bool {
    try scanner.skipSpace()
    return scanner.take(bracket)
  }

  private mutating func separator(before bracket: UInt8) throws(JSON5Error) {
    try scanner.skipSpace()
    guard scanner.next != bracket, !scanner.take(UInt8(ascii: ",")) else { return }
    let closing = Character(UnicodeScalar(bracket))
    throw scanner.error(scanner.next == nil ? "the text ends before '\(closing)'" : "a ',' or '\(closing)' should stand here")
  }
}
