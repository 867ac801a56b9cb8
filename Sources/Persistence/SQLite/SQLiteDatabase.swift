internal import Primitives

/// SQLite: one file in the data folder, or memory for tests.
package final class SQLiteDatabase: Database {
  let writer: SQLiteWriter
  /// `nil` for a database in memory, whose one connection the writer has.
  private let readers: SQLiteReaders?
  package let changes = Changes()

  /// A file, made with mode 0600 where it does not exist.
  package init(path: String, settings: DatabaseSettings) throws(DatabaseError) {
    let timeout = settings.busyTimeout
    // Readers wait for nothing but a moment of another process's recovery, and they may stand on an event loop.
    let readerTimeout = min(timeout, .milliseconds(100))
    writer = SQLiteWriter(
      try SQLiteConnection(path: path, access: .readWrite, cacheKiB: 2048, busyTimeout: timeout), capacity: settings.queue, changes: changes
    )
    readers = SQLiteReaders { () throws(DatabaseError) in
      try SQLiteConnection(path: path, access: .readOnly, cacheKiB: 512, busyTimeout: readerTimeout)
    }
  }

  /// A database of its own in memory.
  package init(inMemory settings: DatabaseSettings) throws(DatabaseError) {
    writer = SQLiteWriter(
      try SQLiteConnection(path: ":memory:", access: .readWrite, cacheKiB: 2048, busyTimeout: settings.busyTimeout),
      capacity: settings.queue, changes: changes)
    readers = nil
  }

  package func transaction<Result: Sendable>(
    _ body: @escaping @Sendable (any Transaction) throws -> Result
  ) async throws -> Result {
    try await submit(body, isReadOnly: false)
  }

  package func read<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result {
    guard let readers else { return try await submit(body, isReadOnly: true) }
    return try readers.read(body)
  }

  package func close() async {
    readers?.close()
    await writer.close()
  }

  private func submit<Result: Sendable>(
    _ body: @escaping @Sendable (any Transaction) throws -> Result, isReadOnly: Bool
  ) async throws -> Result {
    let box = ResultBox<Result>()
    return try await withCheckedThrowingContinuation { continuation in
      writer.submit(
        SQLiteWriter.Job(isReadOnly: isReadOnly, body: { box.result = try body($0) }) { error in
          if let error { return continuation.resume(throwing: error) }
          guard let result = box.result else { return continuation.resume(throwing: DatabaseError.closed) }
          continuation.resume(returning: result)
        })
    }
  }
}

/// Carries a body's result to the continuation.
///
/// `@unchecked`: written and read on the writer's queue only.
private final class ResultBox<Result: Sendable>: @unchecked Sendable {
  var result: Result?
}
