internal import Primitives

/// `Forwarded` (RFC 7239): a list to whose right end each proxy adds an element such as `for=192.0.2.43;proto=https`.
///
/// Elements are cut off from the right, quoted strings whole: what a client sent, an open quotation mark for one, cannot reach into
/// the elements that proxies wrote after it. An element that counts has to follow the grammar to the letter.
enum Forwarded {
  /// What `for` says (RFC 7239, section 6).
  enum Node: Equatable {
    case address(IPAddress)
    /// `unknown`, or an obfuscated identifier.
    case hidden
  }

  /// The element `hops` from the right; lines count in the order in which they came.
  static func client(_ headers: Headers, hops: Int) throws(AddressDoubt) -> IPAddress {
    let lines = headers.slices(of: "forwarded")
    guard !lines.isEmpty else { throw .absent }
    var remaining = hops
    for line in lines.reversed() {
      var rest: ArraySlice<UInt8>? = line
      while let text = rest {
        let comma = try lastComma(of: text)
        let node = try node(of: ForwardedFor.trimmed(comma.map { text[($0 + 1)...] } ?? text))
        remaining -= 1
        if remaining == 0 {
          guard case .address(let address) = node else { throw .hidden }
          return address
        }
        rest = comma.map { text[..<$0] }
      }
    }
    throw .tooFew
  }

  /// The last comma that stands in no quoted string.
  private static func lastComma(of text: ArraySlice<UInt8>) throws(AddressDoubt) -> Int? {
    var end = text.endIndex
    while end > text.startIndex {
      switch text[end - 1] {
      case UInt8(ascii: ","): return end - 1
      case UInt8(ascii: "\""): end = try openingQuote(of: text[..<(end - 1)])
      default: end -= 1
      }
    }
    return nil
  }

  /// Where the quoted string begins whose closing mark stands after `text`: at a mark with an even number of backslashes before it.
  private static func openingQuote(of text: ArraySlice<UInt8>) throws(AddressDoubt) -> Int {
    var end = text.endIndex
    while let mark = text[..<end].lastIndex(of: UInt8(ascii: "\"")) {
      let backslashes = text[..<mark].reversed().prefix { $0 == UInt8(ascii: "\\") }.count
      if backslashes.isMultiple(of: 2) { return mark }
      end = mark
    }
    throw .malformed
  }

  /// The `for` of one element. Section 4: each parameter stands once; empty pairs may stand.
  static func node(of element: ArraySlice<UInt8>) throws(AddressDoubt) -> Node {
    var node: Node?
    var names: [ArraySlice<UInt8>] = []
    var rest = element
    while true {
      if let first = rest.first, first != UInt8(ascii: ";") {
        let (name, value) = try pair(&rest)
        let folded = ArraySlice(name.map { ASCII.lowercase($0) })
        guard !names.contains(folded), names.count < 16 else { throw .malformed }
        names.append(folded)
        if folded.elementsEqual("for".utf8) { node = try Self.node(value) }
      }
      guard let next = rest.first else { break }
      guard next == UInt8(ascii: ";") else { throw .malformed }
      rest = rest.dropFirst()
    }
    guard let node else { throw .absent }
    return node
  }

  /// `token "=" ( token / quoted-string )`, without space in it.
  private static func pair(_ rest: inout ArraySlice<UInt8>) throws(AddressDoubt) -> (name: ArraySlice<UInt8>, value: [UInt8]) {
    let name = rest.prefix(while: ASCII.isTokenByte)
    rest = rest.dropFirst(name.count)
    guard !name.isEmpty, rest.popFirst() == UInt8(ascii: "=") else { throw .malformed }
    guard rest.first == UInt8(ascii: "\"") else {
      let token = rest.prefix(while: ASCII.isTokenByte)
      guard !token.isEmpty else { throw .malformed }
      rest = rest.dropFirst(token.count)
      return (name, Array(token))
    }
    rest = rest.dropFirst()
    return (name, try quoted(&rest))
  }

  /// The text of a quoted string whose opening mark is read (RFC 9110, section 5.6.4).
  private static func quoted(_ rest: inout ArraySlice<UInt8>) throws(AddressDoubt) -> [UInt8] {
    var text: [UInt8] = []
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return text
      case UInt8(ascii: "\\"):
        guard let escaped = rest.popFirst() else { throw .malformed }
        text.append(escaped)
      default: text.append(byte)
      }
    }
    throw .malformed
  }

  /// `nodename [ ":" node-port ]` (section 6): an IPv6 address stands in brackets, an IPv4 address in none.
  static func node(_ value: [UInt8]) throws(AddressDoubt) -> Node {
    let text = value[...]
    if text.first == UInt8(ascii: "[") {
      guard let end = text.firstIndex(of: UInt8(ascii: "]")), let address = IPAddress(field: text[1..<end]),
        text[1..<end].contains(UInt8(ascii: ":")), isPortOrNothing(text[(end + 1)...])
      else { throw .malformed }
      return .address(address)
    }
    let colon = text.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
    let name = text[..<colon]
    guard isPortOrNothing(text[colon...]) else { throw .malformed }
    if name.first == UInt8(ascii: "_") {
      guard isObfuscated(name) else { throw .malformed }
      return .hidden
    }
    if name.map({ ASCII.lowercase($0) }).elementsEqual("unknown".utf8) { return .hidden }
    guard let address = IPAddress(field: name), address.isIPv4 else { throw .malformed }
    return .address(address)
  }

  private static func isPortOrNothing(_ text: ArraySlice<UInt8>) -> Bool {
    guard text.first == UInt8(ascii: ":") else { return text.isEmpty }
    let port = text.dropFirst()
    return isObfuscated(port) || (1...5).contains(port.count) && port.allSatisfy(ASCII.isDigit)
  }

  private static func isObfuscated(_ text: ArraySlice<UInt8>) -> Bool {
    text.first == UInt8(ascii: "_") && text.count > 1
      && text.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || "._-".utf8.contains($0) }
  }
}
