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
    /// `nil` once closed.
    var connection: SQLiteConnection?
  }

  /// What shares a commit at the most: past this the wait of the first grows faster than the saving.
  private static let mostPerCommit = 256

  // A mutex: held to append or take jobs, never while SQLite works.
  private let state: Mutex<State>
  private let queue = DispatchQueue(label: "sqlite.writer", qos: .default)
  private let capacity: Int
  private let changes: Changes

  init(_ connection: SQLiteConnection, capacity: Int, changes: Changes) {
    self.changes = changes
    state = Mutex(State(connection: connection))
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

  /// Bodies that no commit has taken up yet.
  var waitingCount: Int { state.withLock { $0.waiting.count } }
  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Takes no more jobs; returns when those that wait are done and the connection is closed.
  func close() async {
    state.withLock { $0.isClosed = true }
    await withCheckedContinuation { continuation in
      queue.async {
        self.state.withLock { $0.connection = nil }
        continuation.resume()
      }
    }
  }

  private func drain() {
    while let (batch, connection) = nextBatch() {
      let results = run(batch, on: connection)
      for (job, result) in zip(batch, results) { job.finish(result) }
    }
  }

  private func nextBatch() -> ([Job], SQLiteConnection)? {
    state.withLock { state in
      guard !state.waiting.isEmpty, let connection = state.connection else {
        state.isRunning = false
        return nil
      }
      let batch = Array(state.waiting.prefix(Self.mostPerCommit))
      state.waiting.removeFirst(batch.count)
      return (batch, connection)
    }
  }

  /// One commit for all. Where it cannot begin or end, everybody in it hears so: even a body that failed by itself may have
  /// failed because of what another one wrote.
  private func run(_ batch: [Job], on connection: SQLiteConnection) -> [(any Error)?] {
    do throws(DatabaseError) {
      try connection.run("BEGIN IMMEDIATE")
      var results: [(any Error)?] = []
      var announced: Set<ChangedSubject> = []
      for job in batch { results.append(try Self.runInSavepoint(job, on: connection, &announced)) }
      try connection.run("COMMIT")
      changes.count(announced)
      return results
    } catch {
      connection.rollBack()
      return batch.map { _ in error }
    }
  }

  /// The body's own error, which undid only the body. Throws what undoes the whole batch.
  private static func runInSavepoint(
    _ job: Job, on connection: SQLiteConnection, _ announced: inout Set<ChangedSubject>
  ) throws(DatabaseError) -> (any Error)? {
    try connection.run("SAVEPOINT body")
    if job.isReadOnly { try connection.execute("PRAGMA query_only = ON") }
    defer { if job.isReadOnly { try? connection.execute("PRAGMA query_only = OFF") } }
    let transaction = OpenTransaction(on: connection)
    do {
      try transaction.run(job.body)
    } catch {
      // After a full disk or an I/O error SQLite may have rolled the whole transaction back by itself.
      guard !connection.isOutsideTransaction else { throw transaction.fault ?? .failed("the transaction ended by itself") }
      try connection.run("ROLLBACK TO body")
      try connection.run("RELEASE body")
      return error
    }
    try connection.run("RELEASE body")
    announced.formUnion(transaction.announced)
    return nil
  }
}
