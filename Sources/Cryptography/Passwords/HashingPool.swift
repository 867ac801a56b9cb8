private import Dispatch
private import Synchronization

/// Where passwords are hashed: a bounded number of lanes, each at most one hash (and its memory) at a time, at low priority, so
/// that decisions stay fast while logins queue; and a bounded queue, past which callers are told to come back.
package final class HashingPool: Sendable {
  /// The queue is full.
  package struct Overloaded: Error, Equatable {
    /// When a place is likely to be free; at least one second, as `Retry-After` has no less.
    package let retryAfter: Duration
  }

  package let lanes: Int
  /// The most that may wait while all lanes are busy.
  package let capacity: Int

  /// A lock rather than an actor: lanes are plain threads, which cannot await, and it is held for a few instructions.
  private let state = Mutex(State())
  /// Background quality of service runs at nice 10.
  private let queue = DispatchQueue(label: "hashing", qos: .background, attributes: .concurrent)

  private struct Job {
    let id: UInt64
    /// Does the work and returns what hands its result over.
    let perform: @Sendable () -> @Sendable () -> Void
    let cancel: @Sendable () -> Void
  }

  private struct State {
    var waiting: [Job] = []
    var busyLanes = 0
    var lastID: UInt64 = 0
    /// A moving average, for `retryAfter`.
    var averageSeconds = 0.02
  }

  package init(lanes: Int, capacity: Int) {
    self.lanes = max(1, lanes)
    self.capacity = max(0, capacity)
  }

  /// Jobs that wait or run.
  package var inFlight: Int { state.withLock { $0.waiting.count + $0.busyLanes } }

  /// Runs `work` on a lane. Throws what `work` throws, `Overloaded` at once where the queue is full, and `CancellationError`
  /// where the task was cancelled before a lane took it up; a hash that has begun runs to its end.
  package func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    let id = state.withLock { state in
      state.lastID += 1
      return state.lastID
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let job = Job(
          id: id,
          perform: {
            let result = Result(catching: work)
            return { continuation.resume(with: result) }
          },
          cancel: { continuation.resume(throwing: CancellationError()) })
        submit(job) { continuation.resume(throwing: $0) }
      }
    } onCancel: {
      withdraw(id)
    }
  }

  private func submit(_ job: Job, refuse: (any Error) -> Void) {
    enum Answer { case begin, wait, refuse(any Error) }
    let answer: Answer = state.withLock { state in
      // A cancellation that came before the job was known found nothing to withdraw.
      if Task.isCancelled { return .refuse(CancellationError()) }
      if state.busyLanes < lanes {
        state.busyLanes += 1
        return .begin
      }
      guard state.waiting.count < capacity else { return .refuse(overloaded(state)) }
      state.waiting.append(job)
      return .wait
    }
    switch answer {
    case .begin: queue.async(qos: .background, flags: .enforceQoS) { [self] in runLane(from: job) }
    case .wait: break
    case .refuse(let error): refuse(error)
    }
  }

  /// Keeps its thread until nothing waits.
  private func runLane(from first: Job) {
    var next: Job? = first
    while let job = next {
      let start = ContinuousClock.now
      let handOver = job.perform()
      let elapsed = (ContinuousClock.now - start) / .seconds(1)
      next = state.withLock { state in
        state.averageSeconds += (elapsed - state.averageSeconds) / 8
        guard !state.waiting.isEmpty else {
          state.busyLanes -= 1
          return nil
        }
        return state.waiting.removeFirst()
      }
      // Only now, so that a caller who comes back at once finds the lane free.
      handOver()
    }
  }

  private func withdraw(_ id: UInt64) {
    let job = state.withLock { state -> Job? in
      guard let index = state.waiting.firstIndex(where: { $0.id == id }) else { return nil }
      return state.waiting.remove(at: index)
    }
    job?.cancel()
  }

  private func overloaded(_ state: State) -> Overloaded {
    let seconds = state.averageSeconds * Double(state.waiting.count + lanes) / Double(lanes)
    return Overloaded(retryAfter: .seconds(min(60, max(1, Int64(seconds.rounded(.up))))))
  }
}
