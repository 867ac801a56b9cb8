/// Walks over a JSON text (RFC 8259) value by value without building a tree: the one place in which the grammar is written.
///
///     var cursor = JSONCursor(bytes)
///     try cursor.enterObject()
///     while let name = try cursor.nextName() {
///       switch name { case "exp": expiry = try cursor.integer(); default: try cursor.skip() }
///     }
///     try cursor.finish()
///
/// Strict: UTF-8 without byte order mark, no trailing comma, no second member of one name, no lone surrogate, no NUL, nothing
/// after the document, numbers that fit `Int64` or a finite `Double`, at most `maxDepth` containers within each other.
package struct JSONCursor {
  /// The most containers within each other.
  package static let maxDepth = 16

  let bytes: [UInt8]
  private(set) var offset: Int
  private var depth = 0
  /// Whether a container was entered and nothing read from it yet.
  private var isAtStart = false
  private var names = MemberNames()

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
    offset = 0
  }

  package enum Kind: Sendable { case object, array, string, number, boolean, null }

  /// The kind of the value that comes next, which is not read.
  package mutating func kind() throws(JSONFlaw) -> Kind {
    skipSpace()
    guard let current else { throw noValue() }
    switch current {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
    case UInt8(ascii: "n"): return .null
    default: throw noValue()
    }
  }

  package mutating func enterObject() throws(JSONFlaw) {
    guard try kind() == .object else { throw flaw("expected an object, '{…}'") }
    try enter()
    names.open()
  }

  package mutating func enterArray() throws(JSONFlaw) {
    guard try kind() == .array else { throw flaw("expected an array, '[…]'") }
    try enter()
  }

  /// The name of the next member, after which its value is read; `nil` at the end of the object, which is left.
  package mutating func nextName() throws(JSONFlaw) -> String? {
    guard try advance(closing: UInt8(ascii: "}"), "}") else {
      names.close()
      return nil
    }
    guard current == UInt8(ascii: "\"") else {
      throw flaw(current == nil ? "the text ends inside an object; close it with '}'" : "expected a member name in double quotes")
    }
    let start = offset
    let name = try text()
    guard names.insert(name, from: self) else {
      let shown = string(name)
      throw JSONFlaw(offset: start, detail: "a member of this name came before; give it once", member: shown)
    }
    skipSpace()
    guard current == UInt8(ascii: ":") else { throw flaw("expected ':' after the member name") }
    offset += 1
    return string(name)
  }

  /// Whether the array holds one more element, which is then read; `false` at its end, which is left.
  package mutating func nextElement() throws(JSONFlaw) -> Bool {
    try advance(closing: UInt8(ascii: "]"), "]")
  }

  package mutating func string() throws(JSONFlaw) -> String {
    guard try kind() == .string else { throw flaw("expected a string") }
    let text = try text()
    return string(text)
  }

  package mutating func integer() throws(JSONFlaw) -> Int64 {
    guard try kind() == .number else { throw flaw("expected a whole number") }
    let start = offset
    guard case .integer(let value) = try number() else {
      throw JSONFlaw(offset: start, detail: "expected a whole number, without fraction and exponent")
    }
    return value
  }

  package mutating func boolean() throws(JSONFlaw) -> Bool {
    guard try kind() == .boolean else { throw flaw("expected true or false") }
    let value = current == UInt8(ascii: "t")
    try literal(value ? "true" : "false")
    return value
  }

  package mutating func strings() throws(JSONFlaw) -> [String] {
    var items: [String] = []
    try enterArray()
    while try nextElement() { items.append(try string()) }
    return items
  }

  /// Checks and passes over one value of any kind.
  package mutating func skip() throws(JSONFlaw) {
    switch try kind() {
    case .object:
      try enterObject()
      while try nextName() != nil { try skip() }
    case .array:
      try enterArray()
      while try nextElement() { try skip() }
    default: try scalar()
    }
  }

  /// Refuses anything but white space after the document.
  package mutating func finish() throws(JSONFlaw) {
    skipSpace()
    guard offset == bytes.count else { throw flaw("the document ends before this; remove what follows it") }
  }

  /// Checks and passes over a value that holds no other.
  mutating func scalar() throws(JSONFlaw) {
    switch try kind() {
    case .string: _ = try text()
    case .number: _ = try number()
    case .boolean: _ = try boolean()
    case .null: try literal("null")
    case .object, .array: throw flaw("expected a string, a number, true, false or null")
    }
  }

  var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  func flaw(_ detail: String) -> JSONFlaw { JSONFlaw(offset: offset, detail: detail) }

  mutating func move(to position: Int) { offset = position }

  private mutating func enter() throws(JSONFlaw) {
    guard depth < Self.maxDepth else { throw flaw("more than \(Self.maxDepth) objects and arrays within each other") }
    depth += 1
    offset += 1
    isAtStart = true
  }

  /// Goes to the next item of a container; `false` where the container ends.
  private mutating func advance(closing: UInt8, _ shown: String) throws(JSONFlaw) -> Bool {
    skipSpace()
    if current == closing {
      offset += 1
      depth -= 1
      isAtStart = false
      return false
    }
    if !isAtStart {
      guard current == UInt8(ascii: ",") else {
        throw flaw(current == nil ? "the text ends too early; close it with '\(shown)'" : "expected ',' or '\(shown)'")
      }
      let comma = offset
      offset += 1
      skipSpace()
      guard current != closing else { throw JSONFlaw(offset: comma, detail: "remove the comma before '\(shown)'") }
    }
    isAtStart = false
    return true
  }

  private mutating func skipSpace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      default: return
      }
    }
  }

  private mutating func literal(_ word: StaticString) throws(JSONFlaw) {
    let end = offset + word.utf8CodeUnitCount
    let isPresent = word.withUTF8Buffer { end <= bytes.count && bytes[offset..<end].elementsEqual($0) }
    guard isPresent else { throw noValue() }
    offset = end
  }

  private func noValue() -> JSONFlaw {
    switch current {
    case nil: flaw("the text ends where a value is expected")
    case 0xEF where offset == 0 && bytes.starts(with: [0xEF, 0xBB, 0xBF]): flaw("remove the byte order mark at the beginning")
    case 0xFE, 0xFF, 0x00: flaw("this is not UTF-8; send the text as UTF-8, not as UTF-16 or UTF-32")
    case UInt8(ascii: "'"): flaw("write strings in double quotes")
    case UInt8(ascii: ","): flaw("expected a value before this comma")
    default: flaw("expected a value: an object, an array, a string in double quotes, a number, true, false or null")
    }
  }
}
