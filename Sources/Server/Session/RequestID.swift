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
      text.initialize(repeating: UInt8(ascii: "-"))
      let raw = UnsafeMutableRawBufferPointer(text)
      let (first, second) = (Self.digits(UInt32(truncatingIfNeeded: high >> 32)), Self.digits(UInt32(truncatingIfNeeded: high)))
      let (third, fourth) = (Self.digits(UInt32(truncatingIfNeeded: low >> 32)), Self.digits(UInt32(truncatingIfNeeded: low)))
      raw.storeBytes(of: first, toByteOffset: 0, as: UInt64.self)
      raw.storeBytes(of: UInt32(truncatingIfNeeded: second), toByteOffset: 9, as: UInt32.self)
      raw.storeBytes(of: UInt32(truncatingIfNeeded: second >> 32), toByteOffset: 14, as: UInt32.self)
      raw.storeBytes(of: UInt32(truncatingIfNeeded: third), toByteOffset: 19, as: UInt32.self)
      raw.storeBytes(of: UInt32(truncatingIfNeeded: third >> 32), toByteOffset: 24, as: UInt32.self)
      raw.storeBytes(of: fourth, toByteOffset: 28, as: UInt64.self)
      return 36
    }
  }

  /// Eight hexadecimal digits as they stand in memory, all at once: each nibble in a byte of its own, and 39 more for a letter.
  private static func digits(_ word: UInt32) -> UInt64 {
    var spread = UInt64(word.byteSwapped)
    spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF
    spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF
    spread = (spread >> 4 | spread << 8) & 0x0F0F_0F0F_0F0F_0F0F
    let letters = (spread &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return (spread &+ 0x3030_3030_3030_3030 &+ letters &* 39).littleEndian
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
