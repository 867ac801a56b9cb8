package import Primitives
private import Synchronization

/// Who is being counted. Two kinds of source never share a bucket.
package enum PaceKey: Hashable, Sendable {
  /// A site: an IPv4 address, or the /64 that one subscriber holds.
  case address(PaceClass, IPAddress)
  /// A keyed digest of the username: unknown names are counted as known ones are.
  case account([UInt8])
  /// Who a gateway asks about: a session, an application or a key, by its id.
  case credential([UInt8])
  /// The client behind a gateway, where no credential is good.
  case client(IPAddress)
}

package enum PaceVerdict: Sendable, Equatable {
  case allowed
  /// Whole seconds until the next request would pass, at least 1.
  case limited(retryAfter: Int)
}

/// Token buckets in the form of GCRA: a bucket is one instant, "when it will be full again", so that an idle one is
/// recognised and dropped without a timer.
///
/// In memory and per process; sharded by key, so that the loops seldom meet at a lock, which is held for one dictionary access.
package final class PaceLimiter: Sendable {
  private let shards: [Shard]

  private final class Shard: Sendable {
    let fullAt = Mutex<[PaceKey: Int64]>([:])
  }

  private let capacityPerShard: Int

  package init(capacity: Int, shards count: Int = 16) {
    shards = (0..<count).map { _ in Shard() }
    capacityPerShard = max(1, capacity / count)
  }

  /// Takes one token where there is one.
  package func take(_ key: PaceKey, at pace: Pace, now: Instant) -> PaceVerdict {
    let interval = 60_000_000 / Int64(max(1, pace.perMinute))
    let tolerance = interval * Int64(max(1, pace.burst))
    let shard = shards[Int(UInt(bitPattern: key.hashValue) % UInt(shards.count))]
    return shard.fullAt.withLock { fullAt in
      // A clock that was stepped back must not lock a source out for the length of the step.
      let stored = fullAt[key]
      let current = min(max(stored ?? 0, now.microseconds), now.microseconds + tolerance)
      let next = current + interval
      guard next - now.microseconds <= tolerance else {
        // Kept, or it would be cut anew at every try, and never be over before the old time comes round again.
        if let stored, current < stored { fullAt[key] = current }
        return .limited(retryAfter: Int((next - now.microseconds - tolerance + 999_999) / 1_000_000))
      }
      if stored == nil, fullAt.count >= capacityPerShard { makeRoom(in: &fullAt, now: now) }
      fullAt[key] = next
      return .allowed
    }
  }

  /// Drops full buckets, which say nothing; where none is full, the half that will be full first.
  private func makeRoom(in fullAt: inout [PaceKey: Int64], now: Instant) {
    fullAt = fullAt.filter { $0.value > now.microseconds }
    guard fullAt.count >= capacityPerShard else { return }
    let instants = fullAt.values.sorted()
    let median = instants[instants.count / 2]
    fullAt = fullAt.filter { $0.value > median }
  }
}
