/// Classes of bytes (RFC 9110, section 5.6; RFC 3986, section 2), as one table: a bit for each class.
enum ASCII {
  static let token: UInt8 = 1
  static let fieldValue: UInt8 = 2
  static let target: UInt8 = 4
  static let host: UInt8 = 8
  static let hexadecimal: UInt8 = 16
  /// A token without capitals: a field name of HTTP/2.
  static let lowercaseToken: UInt8 = 32

  static func lowercase(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 32 : byte }

  static func isTokenByte(_ byte: UInt8) -> Bool { classes[Int(byte)] & token != 0 }
  static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }
  static func isLetter(_ byte: UInt8) -> Bool { (byte | 32) &- 97 < 26 }
  static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

  static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
  }

  static let classes: [UInt8] = (0...255).map { number in
    let byte = UInt8(number)
    let isWord = isLetter(byte) || isDigit(byte)
    var bits: UInt8 = 0
    if isWord || "!#$%&'*+-.^_`|~".utf8.contains(byte) { bits |= token }
    if bits & token != 0, byte == lowercase(byte) { bits |= lowercaseToken }
    if byte == 9 || byte >= 32 && byte != 127 { bits |= fieldValue }
    if byte > 32 && byte < 127 && byte != UInt8(ascii: "#") { bits |= target }
    if isWord || "-._~".utf8.contains(byte) { bits |= host }
    if hexadecimalValue(byte) != nil { bits |= hexadecimal }
    return bits
  }

  /// Whether every byte is of the class.
  static func areAll(_ bytes: UnsafeRawBufferPointer, _ kind: UInt8) -> Bool {
    let plain = kind == fieldValue ? plainPrefix(bytes) : 0
    return classes.withUnsafeBufferPointer { table in
      for byte in bytes[plain...] where table[Int(byte)] & kind == 0 { return false }
      return true
    }
  }

  /// How many bytes at the beginning are surely of a field value, by eight at a time: none below 32 and none that is 127. Tokens make
  /// field values long, and each byte of each request passes here.
  private static func plainPrefix(_ bytes: UnsafeRawBufferPointer) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs = ones << 7
    var position = 0
    while position + 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      let delete = word ^ (ones &* 127)
      // The highest bit of each byte that is smaller than 32, or that is 127; a borrow can only mark one too many.
      guard ((word &- ones &* 32) & ~word | (delete &- ones) & ~delete) & highs == 0 else { break }
      position += 8
    }
    return position
  }
}
