import Cryptography
import Dispatch
import Glibc
import Testing

struct HashingPoolTests {
  /// Holds lanes until it is opened.
  private final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    func wait() { semaphore.wait() }
    func open(_ count: Int = 1) { for _ in 0..<count { semaphore.signal() } }
  }

  @Test("a result and an error both come back to the caller")
  func results() async throws {
    struct Failure: Error {}
    let pool = HashingPool(lanes: 2, capacity: 2)
    #expect(try await pool.run { 42 } == 42)
    await #expect(throws: Failure.self) { try await pool.run { throw Failure() } }
    #expect(pool.inFlight == 0)
  }

  @Test("lanes run at nice 10, so that decisions go first")
  func priority() async throws {
    let pool = HashingPool(lanes: 1, capacity: 1)
    #expect(try await pool.run { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) } == 10)
  }

  @Test(
    "past lanes and queue a caller is refused at once and told when to come back, and later ones pass again", .timeLimit(.minutes(1)))
  func overload() async throws {
    let pool = HashingPool(lanes: 2, capacity: 3)
    let gate = Gate()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<5 { group.addTask { try await pool.run { gate.wait() } } }
      try await until { pool.inFlight == 5 }
      let refusal = await #expect(throws: HashingPool.Overloaded.self) { try await pool.run {} }
      #expect(try #require(refusal).retryAfter >= .seconds(1))
      #expect(pool.inFlight == 5)
      gate.open(5)
      try await group.waitForAll()
    }
    #expect(try await pool.run { true })
    #expect(pool.inFlight == 0)
  }

  @Test("no more jobs than lanes run at once, and all that were taken run")
  func bounded() async throws {
    let pool = HashingPool(lanes: 2, capacity: 100)
    let counter = Counter()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<60 { group.addTask { try await pool.run { counter.enterAndLeave() } } }
      try await group.waitForAll()
    }
    #expect(counter.total == 60)
    #expect(counter.most <= 2)
  }

  @Test("a task that is cancelled while it waits leaves the queue and gives up its place")
  func cancellation() async throws {
    let pool = HashingPool(lanes: 1, capacity: 1)
    let gate = Gate()
    let running = Task { try await pool.run { gate.wait() } }
    try await until { pool.inFlight == 1 }
    let waiting = Task { try await pool.run { Issue.record("a cancelled job ran") } }
    try await until { pool.inFlight == 2 }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    #expect(pool.inFlight == 1)
    let next = Task { try await pool.run { 7 } }
    try await until { pool.inFlight == 2 }
    gate.open()
    #expect(try await next.value == 7)
    try await running.value
  }

  @Test("a task that was cancelled before is not run, and one that runs already is finished")
  func earlyAndLateCancellation() async throws {
    let pool = HashingPool(lanes: 1, capacity: 1)
    let early = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await pool.run { 1 }
    }
    await #expect(throws: CancellationError.self) { try await early.value }
    let gate = Gate()
    let late = Task {
      try await pool.run {
        gate.wait()
        return 2
      }
    }
    try await until { pool.inFlight == 1 }
    late.cancel()
    gate.open()
    #expect(try await late.value == 2)
  }

  /// Polls: the pool has no event for "a job was queued", and needs none.
  private func until(_ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while !condition() {
      try #require(ContinuousClock.now < deadline, "timed out")
      await Task.yield()
    }
  }
}
