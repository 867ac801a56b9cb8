internal import Primitives

/// When a message that could not be sent is tried again: 10 s, 20 s, 40 s … up to half an hour, each up to a quarter longer or
/// shorter, so that what failed together does not come back together. Pure: the same seed gives the same pause.
enum Backoff {
  static let mostAttempts = 20
  /// Longer than any pause or lease.
  static let horizon = Duration.hours(2)

  private static let first = Duration.seconds(10)
  private static let longest = Duration.minutes(30)

  /// The pause after `attempts` (1, 2, 3 …), `nil` where there is no other.
  static func pause(after attempts: Int, seed: UInt64) -> Duration? {
    guard attempts < mostAttempts else { return nil }
    let exponential = first * Int(1 << min(max(0, attempts - 1), 20))
    let micros = min(exponential, longest).inMicroseconds
    // Between 3/4 and 5/4.
    let spread = Int64(truncatingIfNeeded: mixed(seed &+ UInt64(attempts)) % UInt64(micros / 2 + 1))
    return .microseconds(micros * 3 / 4 + spread)
  }

  /// SplitMix64's finaliser: neighbouring seeds give unrelated numbers.
  private static func mixed(_ seed: UInt64) -> UInt64 {
    var z = seed &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

extension OutboxRow {
  /// From the random half of the identifier.
  var seed: UInt64 { id.bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) } }
}
