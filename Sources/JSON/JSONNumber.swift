/// A number that fits.
package enum JSONNumber: Equatable, Sendable {
  case integer(Int64)
  case real(Double)
}

extension JSONCursor {
  /// Reads the number under the cursor (RFC 8259, section 6).
  mutating func number() throws(JSONFlaw) -> JSONNumber {
    let start = offset
    var position = start
    if bytes[position] == UInt8(ascii: "-") { position += 1 }
    let digits = try endOfDigits(from: position)
    guard digits == position + 1 || bytes[position] != UInt8(ascii: "0") else {
      throw JSONFlaw(offset: start, detail: "a number must not begin with 0; remove the leading zero")
    }
    position = digits
    var isInteger = true
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      isInteger = false
      position = try endOfDigits(from: position + 1)
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      position += 1
      if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") { position += 1 }
      position = try endOfDigits(from: position)
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    move(to: position)
    if isInteger {
      guard let value = Int64(text) else { throw tooLarge(start) }
      return .integer(value)
    }
    guard let value = Double(text), value.isFinite else { throw tooLarge(start) }
    return .real(value)
  }

  private func tooLarge(_ start: Int) -> JSONFlaw { JSONFlaw(offset: start, detail: "the number is too large") }

  private func endOfDigits(from start: Int) throws(JSONFlaw) -> Int {
    var position = start
    while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
    guard position > start else { throw JSONFlaw(offset: start, detail: "expected a digit") }
    return position
  }
}
