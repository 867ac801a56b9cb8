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
      .address(.strict, .loopback), .address(.normal, .loopback), .address(.strict, IPAddress(v4: 0x0A00_0001)),
      .client(.loopback), .unknown(.loopback), .account(.strict, [1]), .account(.strict, [2]), .account(.normal, [1]),
      .application(.strict, [1]), .key(.strict, [1]), .credential([1]), .total(.strict), .total(.normal),
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

  @Test("exact under concurrency: of 64,000 takes of 64 tasks at one instant, as many as the burst pass")
  func concurrent() async {
    let limiter = PaceLimiter(capacity: 1_024)
    let pace = Pace(perMinute: 1, burst: 1_000)
    let (key, start) = (key, start)
    let allowed = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<64 {
        group.addTask { (0..<1_000).count { _ in limiter.take(key, at: pace, now: start) == .allowed } }
      }
      return await group.reduce(0, +)
    }
    #expect(allowed == 1_000)
  }

  @Test("a request whose time was read long before it asks forgives nobody anything")
  func stale() {
    let limiter = PaceLimiter(capacity: 1_024)
    let pace = Pace(perMinute: 60, burst: 5)
    for second in 0..<60 { while limiter.take(key, at: pace, now: start + .seconds(second)) == .allowed {} }
    let now = start + .seconds(60)
    #expect(limiter.take(key, at: pace, now: now) == .allowed)
    for late in [1, 20, 59] { #expect(limiter.take(key, at: pace, now: now - .seconds(late)) != .allowed) }
    #expect(limiter.take(key, at: pace, now: now) != .allowed)
    #expect(limiter.take(key, at: pace, now: now + .seconds(1)) == .allowed)
  }

  @Test("what is given back can be taken again, and no more than was taken")
  func givenBack() {
    let limiter = PaceLimiter(capacity: 1_024)
    for _ in 0..<5 { #expect(limiter.take(key, at: pace, now: start) == .allowed) }
    limiter.giveBack(key, at: pace)
    #expect(limiter.take(key, at: pace, now: start) == .allowed)
    #expect(limiter.take(key, at: pace, now: start) != .allowed)
    for _ in 0..<20 { limiter.giveBack(key, at: pace) }
    for _ in 0..<5 { #expect(limiter.take(key, at: pace, now: start) == .allowed) }
    #expect(limiter.take(key, at: pace, now: start) != .allowed)
  }

  @Test("what is left, and when the bucket is full, is what takes find")
  func standing() {
    let limiter = PaceLimiter(capacity: 1_024)
    #expect(limiter.standing(of: key, at: pace, now: start) == PaceStanding(remaining: 5, secondsUntilFull: 0))
    for taken in 1...5 {
      _ = limiter.take(key, at: pace, now: start)
      #expect(limiter.standing(of: key, at: pace, now: start) == PaceStanding(remaining: 5 - taken, secondsUntilFull: taken))
    }
    _ = limiter.take(key, at: pace, now: start)
    #expect(limiter.standing(of: key, at: pace, now: start) == PaceStanding(remaining: 0, secondsUntilFull: 5))
    let later = start + .milliseconds(1_500)
    #expect(limiter.standing(of: key, at: pace, now: later) == PaceStanding(remaining: 1, secondsUntilFull: 4))
    #expect(limiter.standing(of: key, at: pace, now: start + .days(1)) == PaceStanding(remaining: 5, secondsUntilFull: 0))
  }
}

/// How many buckets a limiter remembers, and which it forgets.
@Suite("Pace's memory")
struct PaceMemoryTests {
  private let start = Instant(unixSeconds: 1_800_000_000)

  private func address(_ index: Int) -> PaceKey { .address(.strict, IPAddress(v4: UInt32(index))) }

  @Test("a million sources in debt at once take at most 32 MiB, and at most one in a thousand is forgotten")
  func million() {
    let limiter = PaceLimiter(capacity: 1 << 20)
    #expect(limiter.byteCount <= 32 << 10)
    let slow = Pace(perMinute: 1, burst: 1)
    for index in 0..<1_000_000 { _ = limiter.take(address(index), at: slow, now: start) }
    #expect(limiter.byteCount <= 32 << 20)
    var forgotten = 0
    for index in 0..<1_000_000 where limiter.standing(of: address(index), at: slow, now: start).remaining == 1 { forgotten += 1 }
    #expect(forgotten <= 1_000)
    limiter.trim(now: start + .minutes(2))
    #expect(limiter.byteCount <= 32 << 10)
  }

  @Test("a million sources that ask now and then need no more room than those in debt at one time")
  func visitors() {
    let limiter = PaceLimiter(capacity: 1 << 20)
    let pace = Pace(perMinute: 600, burst: 120)
    // Two thousand come a second, each owes for a tenth of one.
    for index in 0..<200_000 {
      #expect(limiter.take(address(index), at: pace, now: start + .microseconds(500 * index)) == .allowed)
    }
    #expect(limiter.byteCount <= 64 << 10)
  }

  @Test("who is being held back stays so, however many addresses come by, while anybody owes less")
  func heldBack() {
    let limiter = PaceLimiter(capacity: 4_096)
    let pace = Pace(perMinute: 60, burst: 10)
    let held = (0..<100).map { address($0) }
    for key in held { for _ in 0..<10 { #expect(limiter.take(key, at: pace, now: start) == .allowed) } }
    for index in 1_000..<201_000 { _ = limiter.take(address(index), at: pace, now: start) }
    for key in held { #expect(limiter.take(key, at: pace, now: start) != .allowed) }
    #expect(limiter.byteCount <= 4_096 * 32)
  }

  @Test("growing and shrinking lose no bucket in debt")
  func resizing() {
    let limiter = PaceLimiter(capacity: 1 << 16, shards: 2)
    let pace = Pace(perMinute: 60, burst: 100)
    var counts: [Int] = []
    for index in 0..<10_000 {
      counts.append(index % 20 + 1)
      for _ in 0..<counts[index] { _ = limiter.take(address(index), at: pace, now: start) }
    }
    let grown = limiter.byteCount
    // By then only those that took most are in debt.
    let later = start + .seconds(19)
    limiter.trim(now: later)
    #expect(limiter.byteCount < grown)
    for index in 0..<10_000 {
      let expected = counts[index] == 20 ? 1 : 0
      #expect(limiter.standing(of: address(index), at: pace, now: later).secondsUntilFull == expected)
    }
  }

  @Test(
    "the bound on memory holds for every capacity and number of shards",
    arguments: [(1_024, 1), (1_024, 16), (5_000, 3), (100_000, 7)])
  func bounded(capacity: Int, shards: Int) {
    let limiter = PaceLimiter(capacity: capacity, shards: shards)
    let slow = Pace(perMinute: 1, burst: 2)
    for index in 0..<(capacity * 3) { _ = limiter.take(address(index), at: slow, now: start) }
    // A shard is whole sets of 128 bytes.
    #expect(limiter.byteCount <= capacity * 32 + shards * 128)
    let remembered = (0..<(capacity * 3)).count { limiter.standing(of: address($0), at: slow, now: start).remaining == 1 }
    #expect(remembered >= capacity)
  }
}
