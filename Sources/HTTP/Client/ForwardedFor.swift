internal import Primitives

/// `X-Forwarded-For`: a list to whose right end each proxy adds the address that it saw. No standard says what else may stand there,
/// so an entry is an address and nothing more: no port, no brackets, no zone. What the client itself sent stands at the left and is
/// not looked at.
enum ForwardedFor {
  /// The entry `hops` from the right; lines count in the order in which they came (RFC 9110, section 5.3). An empty entry counts
  /// too: leaving it out would move the client's own words into a place that a proxy writes.
  static func client(_ headers: Headers, hops: Int) throws(AddressDoubt) -> IPAddress {
    let lines = headers.slices(of: "x-forwarded-for")
    guard !lines.isEmpty else { throw .absent }
    var remaining = hops
    for line in lines.reversed() {
      var rest: ArraySlice<UInt8>? = line
      while let text = rest {
        let comma = text.lastIndex(of: UInt8(ascii: ","))
        let entry = comma.map { text[($0 + 1)...] } ?? text
        guard let address = IPAddress(field: trimmed(entry)) else { throw .malformed }
        remaining -= 1
        if remaining == 0 { return address }
        rest = comma.map { text[..<$0] }
      }
    }
    throw .tooFew
  }

  /// Without spaces and tabs at either end.
  static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var text = text.drop(while: ASCII.isSpace)
    while let last = text.last, ASCII.isSpace(last) { text.removeLast() }
    return text
  }
}
