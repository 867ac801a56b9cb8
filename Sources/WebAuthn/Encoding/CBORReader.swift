/// Reads CBOR strictly: definite lengths, every length and number in as few bytes as it needs, texts in UTF-8, no key twice, no tags and
/// no floating point, at most four levels deep. What is long is bounded by the bytes that are there.
struct CBORReader {
  /// No more than this is wrong with a text that is not read.
  struct Flaw: Error, Equatable {
    let offset: Int
  }

  private static let mostDepth = 4
  private static let mostMembers = 64

  private let bytes: ArraySlice<UInt8>
  private var position: Int

  private init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  /// The only value in `bytes`.
  static func read(_ bytes: [UInt8]) throws(Flaw) -> CBOR {
    let (value, rest) = try readFirst(bytes[...])
    guard rest.isEmpty else { throw Flaw(offset: rest.startIndex) }
    return value
  }

  /// The value with which `bytes` begins, and what follows it.
  static func readFirst(_ bytes: ArraySlice<UInt8>) throws(Flaw) -> (CBOR, rest: ArraySlice<UInt8>) {
    var reader = CBORReader(bytes)
    let value = try reader.value(depth: 0)
    return (value, bytes[reader.position...])
  }

  private mutating func value(depth: Int) throws(Flaw) -> CBOR {
    guard depth <= Self.mostDepth else { throw flaw }
    let initial = try byte()
    let (kind, detail) = (initial >> 5, initial & 31)
    if kind == 7 { return try simple(detail) }
    let argument = try argument(detail)
    switch kind {
    case 0: return .unsigned(argument)
    case 1:
      guard let value = Int64(exactly: argument) else { throw flaw }
      return .negative(-1 - value)
    case 2: return .bytes(Array(try take(argument)))
    case 3:
      guard let text = String(validating: try take(argument), as: UTF8.self) else { throw flaw }
      return .text(text)
    case 4: return try array(argument, depth)
    case 5: return try map(argument, depth)
    default: throw flaw
    }
  }

  private mutating func array(_ count: UInt64, _ depth: Int) throws(Flaw) -> CBOR {
    guard count <= Self.mostMembers else { throw flaw }
    var elements: [CBOR] = []
    for _ in 0..<count { elements.append(try value(depth: depth + 1)) }
    return .array(elements)
  }

  private mutating func map(_ count: UInt64, _ depth: Int) throws(Flaw) -> CBOR {
    guard count <= Self.mostMembers else { throw flaw }
    var members: [CBOR.Member] = []
    var keys: Set<CBOR> = []
    for _ in 0..<count {
      let key = try value(depth: depth + 1)
      guard keys.insert(key).inserted else { throw flaw }
      members.append(CBOR.Member(key: key, value: try value(depth: depth + 1)))
    }
    return .map(members)
  }

  private func simple(_ detail: UInt8) throws(Flaw) -> CBOR {
    switch detail {
    case 20: .boolean(false)
    case 21: .boolean(true)
    case 22: .null
    default: throw flaw
    }
  }

  /// The number that a head carries. One that would have fitted into fewer bytes is refused, and so is the indefinite length.
  private mutating func argument(_ detail: UInt8) throws(Flaw) -> UInt64 {
    guard detail >= 24 else { return UInt64(detail) }
    guard detail <= 27 else { throw flaw }
    let count = 1 << Int(detail - 24)
    let value = try take(UInt64(count)).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let least: UInt64 = count == 1 ? 24 : 1 << UInt64(count * 4)
    guard value >= least else { throw flaw }
    return value
  }

  private mutating func byte() throws(Flaw) -> UInt8 {
    guard position < bytes.endIndex else { throw flaw }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func take(_ count: UInt64) throws(Flaw) -> ArraySlice<UInt8> {
    guard count <= UInt64(bytes.endIndex - position) else { throw flaw }
    defer { position += Int(count) }
    return bytes[position..<position + Int(count)]
  }

  private var flaw: Flaw { Flaw(offset: position) }
}
