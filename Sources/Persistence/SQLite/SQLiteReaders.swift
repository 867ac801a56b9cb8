private import Synchronization

/// Read-only connections, lent to one borrower at a time. There are never more than threads that read at once, because a body
/// runs on its caller's thread from beginning to end.
final class SQLiteReaders: Sendable {
  private struct State {
    var idle: [SQLiteConnection] = []
    var isClosed = false
  }

  /// What is kept open after a burst.
  private static let mostIdle = 8

  private let open: @Sendable () throws(DatabaseError) -> SQLiteConnection
  // A mutex: held to push or pop one reference.
  private let state = Mutex(State())

  init(open: @escaping @Sendable () throws(DatabaseError) -> SQLiteConnection) { self.open = open }

  /// A point read takes a few microseconds, less than a hop to another thread and back: it runs where it is called.
  func read<Result>(_ body: (any Transaction) throws -> Result) throws -> Result {
    let connection = try borrow()
    defer { giveBack(connection) }
    do {
      try connection.run("BEGIN")
      let result = try OpenTransaction(on: connection).run(body)
      try connection.run("COMMIT")
      return result
    } catch {
      connection.rollBack()
      throw error
    }
  }

  func close() {
    state.withLock { state in
      state.isClosed = true
      state.idle.removeAll()
    }
  }

  private func borrow() throws(DatabaseError) -> SQLiteConnection {
    let (idle, isClosed) = state.withLock { ($0.idle.popLast(), $0.isClosed) }
    guard !isClosed else { throw .closed }
    if let idle { return idle }
    return try open()
  }

  /// A connection that could not leave its transaction would read old data for ever: it is closed instead.
  private func giveBack(_ connection: SQLiteConnection) {
    guard connection.isOutsideTransaction else { return }
    state.withLock { state in
      if !state.isClosed, state.idle.count < Self.mostIdle { state.idle.append(connection) }
    }
  }
}
