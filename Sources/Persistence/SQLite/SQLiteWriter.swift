internal import Dispatch
private import Synchronization

/// The one writer of a SQLite file, on a queue of its own. Bodies that wait together share one commit, each in a savepoint of
/// its own; nobody hears of success before the commit is durable.
final class SQLiteWriter: Sendable {
  /// A body with whoever waits for it.
  struct Job: Sendable {
    let isReadOnly: Bool
    let body: @Sendable (any Transaction) throws -> Void
    /// Called once, after the commit: `nil` for success.
    let finish: @Sendable ((any Error)?) -> Void
  }

  private struct State {
    var waiting: [Job] = []
    var isRunning = false
    var isClosed = false
  }

  /// What shares a commit at the most: past this the wait of the first grows faster than the saving.
  private static let mostPerCommit = 256

  // A mutex: held to append or take jobs, never while SQLite works.
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "sqlite.writer", qos: .userInitiated)
  private let connection: SQLiteConnection
  private let capacity: Int

  init(_ connection: SQLiteConnection, capacity: Int) {
    self.connection = connection
    self.capacity = capacity
  }

  func submit(_ job: Job) {
    enum Admission { case start, queued, full, closed }
    let admission = state.withLock { state -> Admission in
      if state.isClosed { return .closed }
      if state.waiting.count >= capacity { return .full }
      state.waiting.append(job)
      defer { state.isRunning = true }
      return state.isRunning ? .queued : .start
    }
    switch admission {
    case .start: queue.async { self.drain() }
    case .queued: break
    case .full: job.finish(DatabaseError.unavailable("too many writes are waiting"))
    case .closed: job.finish(DatabaseError.closed)
    }
  }

  /// Takes no more jobs; returns when those that wait are done.
  func close() async {
    state.withLock { $0.isClosed = true }
    await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
  }

  private func drain() {
    while true {
      let batch = state.withLock { state -> [Job] in
        guard !state.waiting.isEmpty else {
          state.isRunning = false
          return []
        }
        let batch = Array(state.waiting.prefix(Self.mostPerCommit))
        state.waiting.removeFirst(batch.count)
        return batch
      }
      guard !batch.isEmpty else { return }
      let results = run(batch)
      for (job, result) in zip(batch, results) { job.finish(result) }
    }
  }

  /// One commit for all. Where it cannot begin or end, everybody in it hears so.
  private func run(_ batch: [Job]) -> [(any Error)?] {
    do throws(DatabaseError) {
      try connection.run("BEGIN IMMEDIATE")
      var results: [(any Error)?] = []
      for job in batch { results.append(try runInSavepoint(job)) }
      try connection.run("COMMIT")
      return results
    } catch {
      // Fails where SQLite has rolled back by itself, which is as good.
      try? connection.run("ROLLBACK")
      return batch.map { _ in error }
    }
  }

  /// The body's own error, which undid only the body. Throws what undoes the whole batch.
  private func runInSavepoint(_ job: Job) throws(DatabaseError) -> (any Error)? {
    try connection.run("SAVEPOINT body")
    if job.isReadOnly { try connection.execute("PRAGMA query_only = ON") }
    defer { if job.isReadOnly { try? connection.execute("PRAGMA query_only = OFF") } }
    do {
      try job.body(SQLiteTransaction(connection: connection))
      try connection.run("RELEASE body")
      return nil
    } catch let error as DatabaseError where error.endsTransaction {
      throw error
    } catch {
      try connection.run("ROLLBACK TO body")
      try connection.run("RELEASE body")
      return error
    }
  }
}

/// The transaction that a body sees.
struct SQLiteTransaction: Transaction {
  let connection: SQLiteConnection

  func rows(_ sql: SQL) throws(DatabaseError) -> [Row] { try connection.rows(sql) }
  func script(_ text: String) throws(DatabaseError) { try connection.execute(text) }
}

extension DatabaseError {
  /// After these SQLite may have rolled the whole transaction back by itself.
  fileprivate var endsTransaction: Bool {
    switch self {
    case .full, .unavailable, .corrupt, .readOnly: true
    default: false
    }
  }
}
