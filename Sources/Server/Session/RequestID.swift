private import Glibc
internal import HTTP
internal import Primitives

/// Names of requests: the client's where it sends a good one, else a UUID of version 7 (RFC 9562).
///
/// Random bytes are drawn in bulk, because a system call for each request would cost more than the request's parsing.
struct RequestIDs {
  private var random: [UInt64] = []

  /// What `X-Request-ID` says: `.bad` where it is not 1–128 of `A-Z a-z 0-9 . _ ~ -`, or stands twice.
  enum Given: Equatable {
    case absent, bad
    case good(String)
  }

  static func given(_ headers: Headers) -> Given {
    guard let value = headers.value(of: "x-request-id") else { return .absent }
    guard 1...128 ~= value.count, value.allSatisfy(isAllowed), headers.count(of: "x-request-id") == 1 else { return .bad }
    return .good(String(decoding: value, as: UTF8.self))
  }

  mutating func next(at time: Instant) -> String {
    let milliseconds = UInt64(clamping: time.microseconds / 1000) & 0xFFFF_FFFF_FFFF
    let high = milliseconds << 16 | 0x7000 | draw() & 0x0FFF
    let low = draw() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    return String(unsafeUninitializedCapacity: 36) { text in
      var position = 0
      for nibble in 0..<32 {
        if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
          text.initializeElement(at: position, to: UInt8(ascii: "-"))
          position += 1
        }
        let word = nibble < 16 ? high : low
        let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (nibble & 15))) & 15
        text.initializeElement(at: position, to: value < 10 ? 48 + value : 87 + value)
        position += 1
      }
      return 36
    }
  }

  private mutating func draw() -> UInt64 {
    if let word = random.popLast() { return word }
    random = [UInt64](repeating: 0, count: 32)
    let status = random.withUnsafeMutableBytes { getentropy($0.baseAddress, $0.count) }
    if status == 0, let word = random.popLast() { return word }
    random = []
    var generator = SystemRandomNumberGenerator()
    return generator.next()
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "-"): true
    default: false
    }
  }
}
