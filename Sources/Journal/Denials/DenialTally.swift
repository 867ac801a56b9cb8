package import Primitives
private import Synchronization

/// Counts refusals that change nothing, by reason, source and minute, until they become one audit entry each. Otherwise whoever
/// is refused a million times writes a million entries.
///
/// Of each minute it holds at most `capacity` counters; what comes after that is counted by its reason alone, under the source
/// `"(other)"`. While the store cannot be written it holds `longestBacklog` minutes; older ones are added to the oldest of those.
package final class DenialTally: Sendable {
  package struct Key: Hashable, Sendable {
    package let reason: String
    package let source: String
    /// Minutes since the Unix epoch.
    package let minute: Int64
  }

  static let others = "(other)"
  static let longestBacklog = 60

  private struct Counter: Hashable {
    let reason: String
    let source: String
  }

  private struct Minute {
    var counts: [Counter: Int] = [:]
    /// By reason: of those there are few, whatever strangers send.
    var others: [String: Int] = [:]
  }

  private let capacity: Int
  // A mutex: held for one dictionary update, by loops that have just done far more than that.
  private let minutes = Mutex<[Int64: Minute]>([:])

  package init(capacity: Int = 256) { self.capacity = capacity }

  package func count(_ reason: String, from source: String, at instant: Instant) {
    let key = Key(reason: reason, source: source, minute: instant.unixSeconds / 60)
    minutes.withLock { add(1, under: key, to: &$0) }
  }

  /// Takes what is complete: all minutes before `instant`'s, or everything where `isFinal`.
  package func take(before instant: Instant, isFinal: Bool = false) -> [(key: Key, count: Int)] {
    let current = instant.unixSeconds / 60
    let complete = minutes.withLock { minutes in
      let complete = minutes.filter { isFinal || $0.key < current }
      for minute in complete.keys { minutes[minute] = nil }
      return complete
    }
    return complete.flatMap { number, minute in
      minute.counts.map { (key: Key(reason: $0.key.reason, source: $0.key.source, minute: number), count: $0.value) }
        + minute.others.map { (key: Key(reason: $0.key, source: Self.others, minute: number), count: $0.value) }
    }.sorted { ($0.key.minute, $0.key.reason, $0.key.source) < ($1.key.minute, $1.key.reason, $1.key.source) }
  }

  /// Puts back what could not be written, within the same bounds.
  package func putBack(_ taken: some Sequence<(key: Key, count: Int)>) {
    minutes.withLock { minutes in for (key, count) in taken { add(count, under: key, to: &minutes) } }
  }

  private func add(_ count: Int, under key: Key, to minutes: inout [Int64: Minute]) {
    var minute = minutes.removeValue(forKey: key.minute) ?? Minute()
    let counter = Counter(reason: key.reason, source: key.source)
    if key.source != Self.others, minute.counts[counter] != nil || minute.counts.count < capacity {
      minute.counts[counter, default: 0] += count
    } else {
      minute.others[key.reason, default: 0] += count
    }
    minutes[key.minute] = minute
    shorten(&minutes)
  }

  private func shorten(_ minutes: inout [Int64: Minute]) {
    while minutes.count > Self.longestBacklog, let oldest = minutes.keys.min(), let old = minutes.removeValue(forKey: oldest),
      let next = minutes.keys.min()
    {
      for (counter, count) in old.counts { minutes[next]?.others[counter.reason, default: 0] += count }
      for (reason, count) in old.others { minutes[next]?.others[reason, default: 0] += count }
    }
  }
}
