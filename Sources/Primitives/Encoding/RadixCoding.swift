/// The bit shuffling that base 32 and base 64 share. On buffers, not on any collection: a token is decoded on every decision, and
/// generic code of another module would cost ten times as much.
enum RadixCoding {
  static let invalid: UInt8 = 255

  static func values(of alphabet: [UInt8]) -> [UInt8] {
    var values = [UInt8](repeating: invalid, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }

  static func encode(_ bytes: some Collection<UInt8>, bitsPerCharacter: Int, alphabet: [UInt8]) -> [UInt8] {
    withBuffer(of: bytes) { encode($0, bitsPerCharacter, alphabet) }
  }

  /// `nil` for a character outside the alphabet or for trailing bits that are not zero. The caller checks the length.
  static func decode(_ text: some Collection<UInt8>, bitsPerCharacter: Int, values: [UInt8]) -> [UInt8]? {
    withBuffer(of: text) { decode($0, bitsPerCharacter, values) }
  }

  private static func encode(_ bytes: UnsafeBufferPointer<UInt8>, _ bitsPerCharacter: Int, _ alphabet: [UInt8]) -> [UInt8] {
    // An array of no capacity is the one that all threads share: even its count is not written.
    guard !bytes.isEmpty else { return [] }
    let count = (bytes.count * 8 + bitsPerCharacter - 1) / bitsPerCharacter
    return [UInt8](unsafeUninitializedCapacity: count) { text, written in
      let mask: UInt32 = 1 << UInt32(bitsPerCharacter) - 1
      let step = UInt32(bitsPerCharacter)
      var bits: UInt32 = 0
      var pending: UInt32 = 0
      for byte in bytes {
        bits = bits << 8 | UInt32(byte)
        pending += 8
        while pending >= step {
          pending -= step
          text[written] = alphabet[Int(bits >> pending & mask)]
          written += 1
        }
      }
      if pending > 0 {
        text[written] = alphabet[Int(bits << (step - pending) & mask)]
        written += 1
      }
    }
  }

  private static func decode(_ text: UnsafeBufferPointer<UInt8>, _ bitsPerCharacter: Int, _ values: [UInt8]) -> [UInt8]? {
    values.withUnsafeBufferPointer { decode(text, bitsPerCharacter, $0) }
  }

  private static func decode(
    _ text: UnsafeBufferPointer<UInt8>, _ bitsPerCharacter: Int, _ values: UnsafeBufferPointer<UInt8>
  ) -> [UInt8]? {
    guard !text.isEmpty else { return [] }
    var isStrict = true
    let bytes = [UInt8](unsafeUninitializedCapacity: text.count * bitsPerCharacter / 8) { bytes, written in
      let whole = bitsPerCharacter == 6 ? decodeQuads(text, values, into: bytes) : 0
      guard whole >= 0 else {
        isStrict = false
        return
      }
      written = whole / 4 * 3
      let step = UInt32(bitsPerCharacter)
      var bits: UInt32 = 0
      var pending: UInt32 = 0
      for character in text[whole...] {
        let value = values[Int(character)]
        guard value != invalid else {
          isStrict = false
          return
        }
        bits = bits << step | UInt32(value)
        pending += step
        if pending >= 8 {
          pending -= 8
          bytes[written] = UInt8(truncatingIfNeeded: bits >> pending)
          written += 1
        }
      }
      isStrict = bits & (1 << pending - 1) == 0
    }
    return isStrict ? bytes : nil
  }

  /// Base 64, four characters at a time; how many were read, -1 where one is foreign.
  private static func decodeQuads(
    _ text: UnsafeBufferPointer<UInt8>, _ values: UnsafeBufferPointer<UInt8>, into bytes: UnsafeMutableBufferPointer<UInt8>
  ) -> Int {
    var position = 0
    var written = 0
    var foreign: UInt8 = 0
    while position + 4 <= text.count {
      let (a, b) = (values[Int(text[position])], values[Int(text[position + 1])])
      let (c, d) = (values[Int(text[position + 2])], values[Int(text[position + 3])])
      // Values are below 64; only `invalid` has the highest bit.
      foreign |= a | b | c | d
      bytes[written] = a << 2 | b >> 4
      bytes[written + 1] = b << 4 | c >> 2
      bytes[written + 2] = c << 6 | d
      position += 4
      written += 3
    }
    return foreign & 0x80 == 0 ? position : -1
  }

  private static func withBuffer<Result>(
    of bytes: some Collection<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Result
  ) -> Result {
    bytes.withContiguousStorageIfAvailable(body) ?? Array(bytes).withUnsafeBufferPointer(body)
  }
}
