private import Synchronization

/// What is done once for a call, however often its transaction runs: what is kept in memory is not rolled back.
final class Once<Value: Sendable>: Sendable {
  // A mutex: never held by two, for a transaction's attempts follow each other.
  private let value = Mutex<Value?>(nil)

  func callAsFunction(_ make: () -> Value) -> Value {
    value.withLock { known in
      let made = known ?? make()
      known = made
      return made
    }
  }
}
