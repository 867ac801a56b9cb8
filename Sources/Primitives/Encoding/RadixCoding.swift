/// The bit shuffling that base 32 and base 64 share.
enum RadixCoding {
  static let invalid: UInt8 = 255

  static func values(of alphabet: [UInt8]) -> [UInt8] {
    var values = [UInt8](repeating: invalid, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }

  static func encode(_ bytes: some Collection<UInt8>, bitsPerCharacter: Int, alphabet: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count * 8 + bitsPerCharacter - 1) / bitsPerCharacter)
    let mask = (1 << bitsPerCharacter) - 1
    var bits = 0
    var count = 0
    for byte in bytes {
      bits = (bits << 8 | Int(byte)) & 0xFFFF
      count += 8
      while count >= bitsPerCharacter {
        count -= bitsPerCharacter
        text.append(alphabet[bits >> count & mask])
      }
    }
    if count > 0 { text.append(alphabet[bits << (bitsPerCharacter - count) & mask]) }
    return text
  }

  /// `nil` for a character outside the alphabet or for trailing bits that are not zero. The caller checks the length.
  static func decode(_ text: some Collection<UInt8>, bitsPerCharacter: Int, values: [UInt8]) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * bitsPerCharacter / 8)
    var bits = 0
    var count = 0
    for character in text {
      let value = values[Int(character)]
      guard value != invalid else { return nil }
      bits = (bits << bitsPerCharacter | Int(value)) & 0xFFFF
      count += bitsPerCharacter
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> count))
      }
    }
    return bits & ((1 << count) - 1) == 0 ? bytes : nil
  }
}
