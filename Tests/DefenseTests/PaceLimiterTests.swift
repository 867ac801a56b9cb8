import Defense
import Primitives
import Testing

@Suite("Pace")
struct PaceLimiterTests {
  private let start = Instant(unixSeconds: 1_800_000_000)
  private let pace = Pace(perMinute: 60, burst: 5)
  private let key = PaceKey.address(.strict, .loopback)

  @Test("a burst passes at once, then as many as the pace refills, and the wait that is named is the true one")
  func burstAndRefill() {
    let limiter = PaceLimiter(capacity: 1_024)
    for _ in 0..<5 { #expect(limiter.take(key, at: pace, now: start) == .allowed) }
    #expect(limiter.take(key, at: pace, now: start) == .limited(retryAfter: 1))
    #expect(limiter.take(key, at: pace, now: start + .milliseconds(999)) == .limited(retryAfter: 1))
    #expect(limiter.take(key, at: pace, now: start + .seconds(1)) == .allowed)
    #expect(limiter.take(key, at: pace, now: start + .seconds(1)) == .limited(retryAfter: 1))
    #expect(limiter.take(key, at: pace, now: start + .seconds(3)) == .allowed)
    #expect(limiter.take(key, at: pace, now: start + .seconds(3)) == .allowed)
    #expect(limiter.take(key, at: pace, now: start + .seconds(3)) == .limited(retryAfter: 1))
    // However long it was idle, no more than the burst has gathered.
    let later = start + .days(3)
    for _ in 0..<5 { #expect(limiter.take(key, at: pace, now: later) == .allowed) }
    #expect(limiter.take(key, at: pace, now: later) != .allowed)
  }

  @Test("a refused request costs nothing: who keeps asking is not held back longer")
  func refusalsAreFree() {
    let limiter = PaceLimiter(capacity: 1_024)
    let slow = Pace(perMinute: 6, burst: 1)
    #expect(limiter.take(key, at: slow, now: start) == .allowed)
    for second in 1..<10 { #expect(limiter.take(key, at: slow, now: start + .seconds(second)) == .limited(retryAfter: 10 - second)) }
    #expect(limiter.take(key, at: slow, now: start + .seconds(10)) == .allowed)
  }

  @Test("sources do not share a bucket: addresses, classes and accounts are apart")
  func sources() {
    let limiter = PaceLimiter(capacity: 1_024)
    let keys: [PaceKey] = [
      .address(.strict, .loopback), .address(.normal, .loopback), .address(.strict, IPAddress(v4: 0x0A00_0001)), .account([1]),
      .account([2]),
    ]
    for key in keys { for _ in 0..<5 { #expect(limiter.take(key, at: pace, now: start) == .allowed) } }
    for key in keys { #expect(limiter.take(key, at: pace, now: start) != .allowed) }
  }

  @Test("a clock that is stepped back locks nobody out for the length of the step")
  func clockStepsBack() {
    let limiter = PaceLimiter(capacity: 1_024)
    for _ in 0..<5 { _ = limiter.take(key, at: pace, now: start) }
    let back = start - .hours(1)
    #expect(limiter.take(key, at: pace, now: back) != .allowed)
    #expect(limiter.take(key, at: pace, now: back + .seconds(1)) == .allowed)
    #expect(limiter.take(key, at: pace, now: back + .seconds(1)) != .allowed)
    for _ in 0..<5 { #expect(limiter.take(key, at: pace, now: back + .seconds(60)) == .allowed) }
  }

  @Test("exact under concurrency: of eight thousand takes at one instant, as many as the burst pass")
  func concurrent() async {
    let limiter = PaceLimiter(capacity: 1_024)
    let pace = Pace(perMinute: 1, burst: 1_000)
    let (key, start) = (key, start)
    let allowed = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask { (0..<1_000).count { _ in limiter.take(key, at: pace, now: start) == .allowed } }
      }
      return await group.reduce(0, +)
    }
    #expect(allowed == 1_000)
  }

  @Test("memory is bounded by forgetting who is nearly idle, and not who is being held back just now")
  func bounded() {
    let limiter = PaceLimiter(capacity: 64, shards: 1)
    let slow = Pace(perMinute: 1, burst: 10)
    let busy = PaceKey.account([255, 255])
    for _ in 0..<10 { #expect(limiter.take(busy, at: slow, now: start) == .allowed) }
    for index in 0..<10_000 {
      let other = PaceKey.account([UInt8(index >> 8), UInt8(index & 255), 1])
      #expect(limiter.take(other, at: slow, now: start) == .allowed)
    }
    #expect(limiter.take(busy, at: slow, now: start) != .allowed)
  }
}
