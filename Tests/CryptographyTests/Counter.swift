import Synchronization

/// Counts how many were inside at once.
final class Counter: Sendable {
  private let state = Mutex((inside: 0, most: 0, total: 0))

  var most: Int { state.withLock { $0.most } }
  var total: Int { state.withLock { $0.total } }

  func enterAndLeave() {
    state.withLock {
      $0.inside += 1
      $0.total += 1
      $0.most = max($0.most, $0.inside)
    }
    state.withLock { $0.inside -= 1 }
  }
}
