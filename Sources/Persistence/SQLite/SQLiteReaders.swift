private import Synchronization

/// Read-only connections, lent to one borrower at a time. There are never more than threads that read at once, because a body
/// runs on its caller's thread from beginning to end.
final class SQLiteReaders: Sendable {
  private let open: @Sendable () throws(DatabaseError) -> SQLiteConnection
  // A mutex: held to push or pop one reference.
  private let idle = Mutex<[SQLiteConnection]>([])

  init(open: @escaping @Sendable () throws(DatabaseError) -> SQLiteConnection) { self.open = open }

  /// A point read takes a few microseconds, less than a hop to another thread and back: it runs where it is called.
  func read<Result>(_ body: (any Transaction) throws -> Result) throws -> Result {
    let connection = try idle.withLock { $0.popLast() } ?? open()
    defer { idle.withLock { $0.append(connection) } }
    try connection.run("BEGIN")
    do {
      let result = try body(SQLiteTransaction(connection: connection))
      try connection.run("COMMIT")
      return result
    } catch {
      try? connection.run("ROLLBACK")
      throw error
    }
  }

  func close() { idle.withLock { $0.removeAll() } }
}
