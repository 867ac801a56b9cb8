/// A time-ordered identifier (UUID version 7, RFC 9562) of one kind of thing: `Account.ID` and `Session.ID` do not mix.
///
/// 48 bits of milliseconds, then 74 random bits. In the database it is 16 bytes; everywhere else its lower-case text form.
package struct Identifier<Subject>: Hashable, Comparable, Sendable, CustomStringConvertible {
  private let high: UInt64
  private let low: UInt64

  /// A new identifier. Not a secret: it can be guessed in part from the time.
  package init(at instant: Instant) {
    var random = SystemRandomNumberGenerator()
    let milliseconds = UInt64(clamping: instant.microseconds / 1000) & 0xFFFF_FFFF_FFFF
    high = milliseconds << 16 | 0x7000 | random.next() & 0x0FFF
    low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
  }

  /// `nil` unless there are exactly 16 bytes.
  package init?(bytes: [UInt8]) {
    guard let words = IdentifierForm.words(of: bytes) else { return nil }
    (high, low) = words
  }

  /// Parses the text form `018f…-….`; `nil` for anything but 36 characters in lower or upper case hexadecimal.
  package init?(_ text: some StringProtocol) {
    var digits: [UInt8] = []
    digits.reserveCapacity(32)
    var position = 0
    for byte in text.utf8 {
      if position == 8 || position == 13 || position == 18 || position == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
      } else {
        digits.append(byte)
      }
      position += 1
    }
    guard position == 36, let bytes = Hex.decode(digits) else { return nil }
    self.init(bytes: bytes)
  }

  package var bytes: [UInt8] { IdentifierForm.bytes(of: high, low) }

  /// When it was made, to the millisecond.
  package var madeAt: Instant { Instant(microseconds: Int64(high >> 16) * 1000) }

  package var description: String { IdentifierForm.text(of: high, low) }

  package static func < (left: Self, right: Self) -> Bool { (left.high, left.low) < (right.high, right.low) }
}

/// What is the same for identifiers of all kinds, and so is compiled once instead of being looked up for each kind when it runs.
private enum IdentifierForm {
  static func words(of bytes: [UInt8]) -> (UInt64, UInt64)? {
    guard bytes.count == 16 else { return nil }
    return bytes.withUnsafeBytes { buffer in
      (
        UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
        UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      )
    }
  }

  static func bytes(of high: UInt64, _ low: UInt64) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
      let target = UnsafeMutableRawBufferPointer(buffer)
      target.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
      target.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
      count = 16
    }
  }

  static func text(of high: UInt64, _ low: UInt64) -> String {
    String(unsafeUninitializedCapacity: 36) { buffer in
      var position = 0
      for digit in 0..<32 {
        if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
          buffer[position] = UInt8(ascii: "-")
          position += 1
        }
        let word = digit < 16 ? high : low
        let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (digit & 15))) & 15
        buffer[position] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
        position += 1
      }
      return position
    }
  }
}
