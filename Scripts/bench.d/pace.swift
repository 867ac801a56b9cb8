// Part of Scripts/bench.d/pace: what a look-up in the limiter costs, by number of sources, with each source in debt.
import Defense
import Glibc
import Primitives

@main enum PaceBench {
  static func nanoseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  static func keys(_ count: Int) -> [PaceKey] {
    (0..<count).map { .address(.strict, IPAddress(v4: UInt32(truncatingIfNeeded: $0 &* 2_654_435_761))) }
  }

  /// Nanoseconds for one take, the best of several passes; `pace` decides whether buckets stay in debt.
  static func cost(_ keys: [PaceKey], _ pace: Pace, step: Int64) -> (nanoseconds: Double, bytes: Int) {
    let limiter = PaceLimiter(capacity: 1 << 20)
    var now = Instant(unixSeconds: 1_800_000_000)
    var best = Double.infinity
    let takes = 2_000_000
    for _ in 0..<6 {
      let began = nanoseconds()
      var index = 0
      for _ in 0..<takes {
        _ = limiter.take(keys[index], at: pace, now: now)
        now = Instant(microseconds: now.microseconds + step)
        index += 1
        if index == keys.count { index = 0 }
      }
      best = min(best, Double(nanoseconds() - began) / Double(takes))
    }
    return (best, limiter.byteCount)
  }

  static func main() {
    let (few, many) = (keys(1_000), keys(1_000_000))
    // All in debt all the time: the most that a table can hold.
    let owing = Pace(perMinute: 1, burst: 1_000_000)
    // Visitors at 100,000 requests a second and the default pace of reads: who has paid needs no place.
    let visiting = Pace(perMinute: 6_000, burst: 1_000)
    let results = [cost(few, owing, step: 0), cost(many, owing, step: 0), cost(few, visiting, step: 10), cost(many, visiting, step: 10)]
    print(results.map { "\($0.nanoseconds) \($0.bytes)" }.joined(separator: " "))
  }
}
