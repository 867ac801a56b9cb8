internal import Dispatch
private import Synchronization

/// Where transfers block: a bounded number of threads, never an event loop, each with a handle that keeps its connections; and a
/// bounded queue before them. Nothing is opened, and no thread runs, before the first transfer.
package final class TransferLanes: Sendable {
  private typealias Job = @Sendable (Result<TransferHandle, TransferError>) -> Void

  private struct State {
    var waiting: [Job] = []
    var busy = 0
    /// The most recently used last.
    var idle: [TransferHandle] = []
    var working: [ObjectIdentifier: TransferHandle] = [:]
    var isStopped = false
  }

  package let count: Int
  private let capacity: Int
  // A mutex: held to append or take a job or a handle.
  private let state = Mutex(State())
  private let queue: DispatchQueue

  /// `count` transfers at once, and `capacity` more that wait.
  package init(_ name: String, count: Int, capacity: Int) {
    self.count = max(1, count)
    self.capacity = capacity
    queue = DispatchQueue(label: "transfer.\(name)", qos: .utility, attributes: .concurrent)
  }

  /// Runs `work` on a lane. Throws what `work` throws, and `TransferError.busy` where too many wait.
  func run<Value: Sendable>(
    _ work: @escaping @Sendable (TransferHandle) throws(TransferError) -> Value
  ) async throws(TransferError) -> Value {
    let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, TransferError>, Never>) in
      submit { handle in
        continuation.resume(returning: Result { () throws(TransferError) in try work(handle.get()) })
      }
    }
    return try result.get()
  }

  private func submit(_ job: @escaping Job) {
    enum Admission { case start, queued, refused }
    let admission = state.withLock { state -> Admission in
      guard !state.isStopped, state.busy < count || state.waiting.count < capacity else { return .refused }
      state.waiting.append(job)
      guard state.busy < count else { return .queued }
      state.busy += 1
      return .start
    }
    switch admission {
    case .queued: break
    case .refused: job(.failure(.busy))
    case .start: queue.async { self.drain() }
    }
  }

  /// Works until nothing waits.
  private func drain() {
    do throws(TransferError) {
      let handle = try takeHandle()
      while let job = next(handle) { job(.success(handle)) }
    } catch {
      let abandoned = state.withLock { state in
        state.busy -= 1
        defer { state.waiting = [] }
        return state.waiting
      }
      for job in abandoned { job(.failure(error)) }
    }
  }

  /// A rested handle, or a new one.
  private func takeHandle() throws(TransferError) -> TransferHandle {
    let rested = state.withLock { $0.idle.popLast() }
    let handle = if let rested { rested } else { try TransferHandle() }
    let isStopped = state.withLock { state in
      state.working[ObjectIdentifier(handle)] = handle
      return state.isStopped
    }
    if isStopped { handle.stop() }
    return handle
  }

  /// The next job; where there is none the lane ends, and its handle rests.
  private func next(_ handle: TransferHandle) -> Job? {
    state.withLock { state in
      if !state.waiting.isEmpty { return state.waiting.removeFirst() }
      state.busy -= 1
      state.working[ObjectIdentifier(handle)] = nil
      if !state.isStopped { state.idle.append(handle) }
      return nil
    }
  }

  /// Closes the connections that nothing has used for `duration`.
  package func rest(after duration: Duration) {
    let now = ContinuousClock.now
    let closed = state.withLock { state in
      let idle = state.idle.filter { now - $0.lastUsed >= duration }
      state.idle.removeAll { now - $0.lastUsed >= duration }
      return idle
    }
    // Closed here, outside the lock: a connection says goodbye.
    withExtendedLifetime(closed) {}
  }

  /// Ends what runs within a second, and refuses everything from now on.
  package func stop() {
    let working = state.withLock { state in
      state.isStopped = true
      state.idle = []
      return Array(state.working.values)
    }
    for handle in working { handle.stop() }
  }
}
