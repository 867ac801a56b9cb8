/// A point in time: microseconds since the Unix epoch, UTC. Stored as it is in `…_at BIGINT` columns.
package struct Instant: Hashable, Comparable, Sendable {
  package let microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }

  /// Later than anything.
  package static let distantFuture = Instant(microseconds: .max)

  /// Seconds since the Unix epoch, as tokens carry them (RFC 7519, NumericDate).
  package init(unixSeconds: Int64) { microseconds = unixSeconds &* 1_000_000 }

  /// Whole seconds since the Unix epoch, rounded down.
  package var unixSeconds: Int64 {
    let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    return remainder < 0 ? quotient - 1 : quotient
  }

  package static func < (left: Instant, right: Instant) -> Bool { left.microseconds < right.microseconds }

  /// Saturates instead of overflowing: "for ever" plus a day is still "for ever".
  package static func + (instant: Instant, duration: Duration) -> Instant {
    let (sum, isOverflow) = instant.microseconds.addingReportingOverflow(duration.inMicroseconds)
    return Instant(microseconds: isOverflow ? (duration.inMicroseconds < 0 ? .min : .max) : sum)
  }

  package static func - (instant: Instant, duration: Duration) -> Instant { instant + .microseconds(-duration.inMicroseconds) }

  /// The time from `right` to `left`; negative where `left` is earlier.
  package static func - (left: Instant, right: Instant) -> Duration {
    .microseconds(left.microseconds.subtractingReportingOverflow(right.microseconds).partialValue)
  }
}

extension Duration {
  /// Whole microseconds, rounded towards zero; saturates.
  package var inMicroseconds: Int64 {
    let (seconds, attoseconds) = components
    let (micros, isOverflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
    guard !isOverflow else { return seconds < 0 ? .min : .max }
    return micros &+ attoseconds / 1_000_000_000_000
  }

  /// Whole seconds, rounded towards zero.
  package var inSeconds: Int64 { components.seconds }

  package static func minutes(_ count: Int64) -> Duration { .seconds(count * 60) }
  package static func hours(_ count: Int64) -> Duration { .seconds(count * 3600) }
  package static func days(_ count: Int64) -> Duration { .seconds(count * 86_400) }
}
