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
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 16 else { return nil }
    var words: (UInt64, UInt64) = (0, 0)
    for (index, byte) in bytes.enumerated() {
      if index < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
    }
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

  package var bytes: [UInt8] {
    (0..<16).map { UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> UInt64(56 - 8 * ($0 % 8))) }
  }

  package var description: String {
    let digits = Array(Hex.encode(bytes).utf8)
    return String(decoding: digits[0..<8], as: UTF8.self) + "-" + String(decoding: digits[8..<12], as: UTF8.self) + "-"
      + String(decoding: digits[12..<16], as: UTF8.self) + "-" + String(decoding: digits[16..<20], as: UTF8.self) + "-"
      + String(decoding: digits[20..<32], as: UTF8.self)
  }

  package static func < (left: Self, right: Self) -> Bool { (left.high, left.low) < (right.high, right.low) }
}
