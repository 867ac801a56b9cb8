internal import Glibc
private import Synchronization

/// Where the time comes from. A value that is handed down, so that a test can hold time still or move it.
package struct Now: Sendable {
  private let read: @Sendable () -> Instant

  package init(_ read: @escaping @Sendable () -> Instant) { self.read = read }

  package func callAsFunction() -> Instant { read() }

  /// The system's real-time clock.
  package static let system = Now {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(microseconds: Int64(time.tv_sec) &* 1_000_000 &+ Int64(time.tv_nsec) / 1_000)
  }

  package static func fixed(at instant: Instant) -> Now { Now { instant } }
}

/// A clock that stands still until it is moved.
package final class ManualClock: Sendable {
  private let current: Atomic<Int64>

  package init(at start: Instant) { current = Atomic(start.microseconds) }

  package var now: Now { Now { [self] in Instant(microseconds: current.load(ordering: .sequentiallyConsistent)) } }

  /// Negative durations step the clock back, as a bad NTP server would.
  package func advance(by duration: Duration) { current.add(duration.inMicroseconds, ordering: .sequentiallyConsistent) }
}
