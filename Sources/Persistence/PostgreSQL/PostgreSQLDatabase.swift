internal import Dispatch
internal import Primitives
private import Synchronization

/// A PostgreSQL server, reached over a small pool of connections, each with a queue of its own. Create its database with
/// collation `C` and encoding UTF-8: text then sorts as on SQLite.
package final class PostgreSQLDatabase: Database {
  /// Work for any session; `nil` instead of one where there will be none.
  private typealias Job = @Sendable (Result<PostgreSQLSession, DatabaseError>) -> Void

  private struct State {
    var waiting: [Job] = []
    var idle: [PostgreSQLSession]
    var isClosed = false
  }

  private let sessions: [PostgreSQLSession]
  private let capacity: Int
  package let changes = Changes()
  // A mutex: held to append or take a job.
  private let state: Mutex<State>

  /// Connects when first used. `url` is a libpq connection string or URL without password. Throws where libpq is not installed or
  /// cannot read the string.
  package init(url: String, settings: DatabaseSettings) throws(DatabaseError) {
    let library = try LibPQ()
    try Self.check(url, library)
    let changes = changes
    let sessions = (1...settings.connections).map { number in
      PostgreSQLSession(label: "postgresql.\(number)", changes: changes) { () throws(DatabaseError) in
        try PostgreSQLConnection(library, url: url, password: settings.password, settings: settings)
      }
    }
    self.sessions = sessions
    capacity = settings.queue
    state = Mutex(State(idle: sessions.reversed()))
  }

  package func transaction<Result: Sendable>(
    _ body: @escaping @Sendable (any Transaction) throws -> Result
  ) async throws -> Result {
    try await onSession { try $0.transaction(body) }
  }

  package func read<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result {
    try await onSession { try $0.read(body) }
  }

  package func close() async {
    state.withLock { $0.isClosed = true }
    for session in sessions {
      await withCheckedContinuation { continuation in
        session.queue.async {
          session.close()
          continuation.resume()
        }
      }
    }
  }

  private func onSession<Answer: Sendable>(_ work: @escaping @Sendable (PostgreSQLSession) throws -> Answer) async throws -> Answer {
    try await withCheckedThrowingContinuation { continuation in
      submit { session in continuation.resume(with: Result { try work(session.get()) }) }
    }
  }

  private func submit(_ job: @escaping Job) {
    enum Admission { case start(PostgreSQLSession), queued, refused(DatabaseError) }
    let admission = state.withLock { state -> Admission in
      if state.isClosed { return .refused(.closed) }
      if state.waiting.count >= capacity { return .refused(.unavailable("too many transactions are waiting")) }
      state.waiting.append(job)
      return state.idle.popLast().map { .start($0) } ?? .queued
    }
    switch admission {
    case .start(let session): session.queue.async { self.drain(session) }
    case .queued: break
    case .refused(let error): job(.failure(error))
    }
  }

  private func drain(_ session: PostgreSQLSession) {
    while let job = nextJob(for: session) { job(.success(session)) }
  }

  private func nextJob(for session: PostgreSQLSession) -> Job? {
    state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.idle.append(session)
        return nil
      }
      return state.waiting.removeFirst()
    }
  }

  /// libpq quotes what it cannot read, and that may be a misplaced password: its words are not repeated.
  private static func check(_ url: String, _ library: LibPQ) throws(DatabaseError) {
    var message: UnsafeMutablePointer<CChar>?
    let options = library.parseConnectionString(url, &message)
    library.freeConnectionString(options)
    library.free(message)
    guard options != nil else { throw .failed("database.url is no connection string that libpq can read") }
  }
}
