package import Primitives
private import Synchronization

/// Counts refusals that change nothing, by reason, source and minute, until they become one audit entry each. Otherwise whoever
/// is refused a million times writes a million entries.
///
/// Holds at most `capacity` counters; what comes after that in the same minute is counted under the source `"(other)"`.
package final class DenialTally: Sendable {
  package struct Key: Hashable, Sendable {
    package let reason: String
    package let source: String
    /// Minutes since the Unix epoch.
    package let minute: Int64
  }

  private let capacity: Int
  // A mutex: held for one dictionary update, by loops that have just done far more than that.
  private let counts = Mutex<[Key: Int]>([:])

  package init(capacity: Int = 4_096) { self.capacity = capacity }

  package func count(_ reason: String, from source: String, at instant: Instant) {
    let minute = instant.unixSeconds / 60
    counts.withLock { counts in
      let key = Key(reason: reason, source: source, minute: minute)
      if counts[key] == nil, counts.count >= capacity {
        counts[Key(reason: reason, source: "(other)", minute: minute), default: 0] += 1
      } else {
        counts[key, default: 0] += 1
      }
    }
  }

  /// Takes what is complete: all minutes before `instant`'s, or everything where `isFinal`.
  package func take(before instant: Instant, isFinal: Bool = false) -> [(key: Key, count: Int)] {
    let minute = instant.unixSeconds / 60
    return counts.withLock { counts in
      let complete = counts.filter { isFinal || $0.key.minute < minute }
      for key in complete.keys { counts[key] = nil }
      return complete.map { (key: $0.key, count: $0.value) }
    }.sorted { ($0.key.minute, $0.key.reason, $0.key.source) < ($1.key.minute, $1.key.reason, $1.key.source) }
  }

  /// Puts back what could not be written.
  package func putBack(_ taken: [(key: Key, count: Int)]) {
    counts.withLock { counts in for (key, count) in taken { counts[key, default: 0] += count } }
  }
}
