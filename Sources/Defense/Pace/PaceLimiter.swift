private import CLinux
internal import Cryptography
package import Primitives
private import Synchronization

package enum PaceVerdict: Sendable, Equatable {
  case allowed
  /// Whole seconds until the next request would pass, at least 1.
  case limited(retryAfter: Int)
}

/// How a bucket stands.
package struct PaceStanding: Sendable, Equatable {
  /// Requests that would pass now.
  package let remaining: Int
  /// Whole seconds, rounded up, until it is full.
  package let secondsUntilFull: Int

  package init(remaining: Int, secondsUntilFull: Int) {
    self.remaining = remaining
    self.secondsUntilFull = secondsUntilFull
  }
}

/// Token buckets in the form of GCRA: a bucket is one instant, "when it will be full again". A full one says nothing and needs no
/// place: what is remembered are those in debt, which is what bounds memory.
///
/// In memory and per process. Exact, whoever asks at once. Of `capacity` sources that are in debt together all but one in a
/// thousand are remembered; past that, those go first whose debt is paid first, and never one for the sake of another that is
/// full. Who is being held back owes the most and goes last. Sources are found by a keyed hash, so nobody can choose whom to push out.
/// At most 32 bytes for each of `capacity`, from 8 KiB up as they are needed.
///
/// Sharded by key, so that the loops seldom meet at a lock, which is held for one look-up: mostly one cache line. `anticipate` brings it
/// near while the loop does other things, or with a million sources every look-up would wait for memory.
///
/// `@unchecked`: the pointer to the shards never changes, and each of them is a lock and two atomics.
package final class PaceLimiter: @unchecked Sendable {
  // By hand: an array of objects would have every look-up count two references, which the loops share. Made here, gone in `deinit`.
  private let shards: UnsafeMutablePointer<Shard>
  private let shardCount: Int
  private let hash = KeyedHash()

  private struct Shard: ~Copyable, Sendable {
    let table: Mutex<PaceTable>
    /// Where the table stands and how large it is, for `fetch`, which may be wrong about it and has no lock.
    private let address: Atomic<UInt>
    private let setCount: Atomic<Int>

    init(mostSets: Int) {
      let made = PaceTable(mostSets: mostSets)
      address = Atomic(made.address)
      setCount = Atomic(made.setCount)
      table = Mutex(made)
    }

    /// After whatever may have made it larger or smaller, under its lock.
    func noteSize(_ table: borrowing PaceTable) {
      address.store(table.address, ordering: .relaxed)
      setCount.store(table.setCount, ordering: .relaxed)
    }

    func fetch(_ hash: UInt64) {
      let line = address.load(ordering: .relaxed) &+ UInt(PaceTable.line(of: hash, setCount.load(ordering: .relaxed))) * 8
      cf_prefetch(UnsafeRawPointer(bitPattern: line))
    }
  }

  package init(capacity: Int, shards count: Int = 16) {
    shardCount = count
    shards = .allocate(capacity: count)
    // Two places for each source, eight places a set.
    for index in 0..<count { (shards + index).initialize(to: Shard(mostSets: (capacity / count + 3) / 4)) }
  }

  deinit {
    shards.deinitialize(count: shardCount)
    shards.deallocate()
  }

  /// Says that somebody of this site is about to be asked for tokens. Costs no wait, and changes nothing.
  package func anticipate(_ site: IPAddress) {
    let hash = PaceKey.hash(site, self.hash)
    shards[shard(hash)].fetch(hash)
  }

  /// Microseconds by which a caller's clock may be behind another's: a request's time is that of its first lines, and its body may
  /// take its time to come.
  private static let patience: Int64 = 120_000_000

  /// Takes one token where there is one.
  package func take(_ key: PaceKey, at pace: Pace, now: Instant) -> PaceVerdict {
    let (interval, tolerance, now) = (pace.interval, pace.tolerance, now.microseconds)
    let hash = key.hash(self.hash)
    let shard = shard(hash)
    return shards[shard].table.withLock { table in
      let place = table.place(of: hash)
      let stored = place.map { table.instant($0) } ?? 0
      // A clock that was stepped back must not lock a source out for the length of the step. A little more than a bucket can hold says
      // only that `now` was read a while ago, and is no reason to forgive anything.
      let isStepped = stored > now + tolerance + Self.patience
      let current = isStepped ? now + tolerance : max(stored, now)
      let next = current + interval
      guard next - now <= tolerance else {
        // Kept, or it would be cut anew at every try, and never be over before the old time comes round again.
        if let place, isStepped { table.set(place, fullAt: current) }
        return .limited(retryAfter: Int((next - now - tolerance + 999_999) / 1_000_000))
      }
      if let place {
        table.set(place, fullAt: next)
      } else {
        table.insert(hash, fullAt: next, now: now)
        shards[shard].noteSize(table)
      }
      return .allowed
    }
  }

  /// Puts back a token that was taken and then not used.
  package func giveBack(_ key: PaceKey, at pace: Pace) {
    let hash = key.hash(self.hash)
    shards[shard(hash)].table.withLock { table in
      if let place = table.place(of: hash) { table.set(place, fullAt: max(0, table.instant(place) - pace.interval)) }
    }
  }

  package func standing(of key: PaceKey, at pace: Pace, now: Instant) -> PaceStanding {
    let hash = key.hash(self.hash)
    let fullAt = shards[shard(hash)].table.withLock { $0.fullAt(hash) }
    let debt = min(max(0, fullAt - now.microseconds), pace.tolerance)
    return PaceStanding(
      remaining: Int((pace.tolerance - debt) / pace.interval), secondsUntilFull: Int((debt + 999_999) / 1_000_000))
  }

  /// Gives back the memory of a flood that is over.
  package func trim(now: Instant) {
    for shard in 0..<shardCount {
      shards[shard].table.withLock { table in
        table.trim(now: now.microseconds)
        shards[shard].noteSize(table)
      }
    }
  }

  /// Memory of the tables.
  package var byteCount: Int { (0..<shardCount).reduce(0) { sum, shard in sum + shards[shard].table.withLock { $0.byteCount } } }

  private func shard(_ hash: UInt64) -> Int {
    Int(truncatingIfNeeded: hash.multipliedFullWidth(by: UInt64(shardCount)).high)
  }
}

extension Pace {
  /// Microseconds in which one token comes back.
  var interval: Int64 { 60_000_000 / Int64(max(1, perMinute)) }
  /// Microseconds in which an empty bucket becomes full.
  var tolerance: Int64 { interval * Int64(max(1, burst)) }
}
