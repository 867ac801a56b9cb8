// Part of Scripts/bench.d/pace: what a paced request asks the limiter about its address, by number of addresses, as the server does it:
// anticipated as soon as the client is known (here some requests ahead, there some thousand instructions), taken, and described for
// `RateLimit`.
import Defense
import Glibc
import Primitives

@main enum PaceBench {
  static func nanoseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  /// Made up anew each time: a table of them would be more to read than what is measured.
  static func site(_ index: Int) -> IPAddress { IPAddress(v4: UInt32(truncatingIfNeeded: index &* 2_654_435_761)) }

  /// Nanoseconds for one take, the best of several passes; `pace` decides whether buckets stay in debt.
  static func cost(of count: Int, _ pace: Pace, step: Int64) -> (nanoseconds: Double, bytes: Int) {
    let limiter = PaceLimiter(capacity: 1 << 20)
    var now = Instant(unixSeconds: 1_800_000_000)
    var best = Double.infinity
    let takes = 2_000_000
    for _ in 0..<12 {
      let began = nanoseconds()
      var (index, next) = (0, ahead)
      for _ in 0..<takes {
        limiter.anticipate(site(next))
        let key = PaceKey.address(.strict, site(index))
        _ = limiter.take(key, at: pace, now: now)
        _ = limiter.standing(of: key, at: pace, now: now)
        now = Instant(microseconds: now.microseconds + step)
        index += 1
        next += 1
        if index == count { index = 0 }
        if next == count { next = 0 }
      }
      best = min(best, Double(nanoseconds() - began) / Double(takes))
    }
    return (best, limiter.byteCount)
  }

  static let ahead = 16

  static func main() {
    let (few, many) = (1_000, 1_000_000)
    // All in debt all the time: the most that a table can hold.
    let owing = Pace(perMinute: 1, burst: 1_000_000)
    // Visitors at 100,000 requests a second and the default pace of reads: who has paid needs no place.
    let visiting = Pace(perMinute: 6_000, burst: 1_000)
    let results = [cost(of: few, owing, step: 0), cost(of: many, owing, step: 0), cost(of: few, visiting, step: 10), cost(of: many, visiting, step: 10)]
    print(results.map { "\($0.nanoseconds) \($0.bytes)" }.joined(separator: " "))
  }
}
