internal import Dispatch
internal import Glibc
internal import Primitives

/// One lane of the pool: a queue of its own and the connection that only work on that queue touches. It connects when there is
/// something to do, and again after the server hung up.
///
/// `@unchecked`: `connection` is touched on `queue` only.
final class PostgreSQLSession: @unchecked Sendable {
  let queue: DispatchQueue
  private let open: @Sendable () throws(DatabaseError) -> PostgreSQLConnection
  private var connection: PostgreSQLConnection?
  private let changes: Changes

  /// After as many conflicts a caller is told to come back.
  private static let mostAttempts = 12
  /// From here on a repetition runs alone: those before it mostly get through without holding anybody up.
  private static let firstAlone = 4

  init(label: String, changes: Changes, open: @escaping @Sendable () throws(DatabaseError) -> PostgreSQLConnection) {
    queue = DispatchQueue(label: label, qos: .default)
    self.changes = changes
    self.open = open
  }

  /// SERIALIZABLE, so that bodies mean the same as on SQLite's one writer. The price is conflicts: the first try is optimistic, a
  /// repetition queues behind other repetitions, so that a crowd at one row (the head of the audit chain) gets through in turn. Who has
  /// lost time and again runs alone in the whole cluster, so that nobody is kept from ever getting through by others' first tries.
  func transaction<Result>(_ body: (any Transaction) throws -> Result) throws -> Result {
    try attempt { connection, number in
      try self.run(body, on: connection, number == 1 ? .amongOthers : number < Self.firstAlone ? .inTurn : .alone)
    }
  }

  /// REPEATABLE READ gives one snapshot for the whole body and never conflicts.
  func read<Result>(_ body: (any Transaction) throws -> Result) throws -> Result {
    try attempt { connection, _ in try self.run(body, on: connection, .readOnly) }
  }

  func close() { connection = nil }

  private func run<Result>(
    _ body: (any Transaction) throws -> Result, on connection: PostgreSQLConnection, _ mode: PostgreSQLConnection.Mode
  ) throws -> Result {
    let result: Result
    let transaction = OpenTransaction(on: connection)
    do {
      try connection.begin(mode)
      result = try transaction.run(body)
    } catch {
      connection.rollBack()
      throw error
    }
    // Also where the commit's answer got lost: it may have happened.
    defer { changes.count(transaction.announced) }
    do throws(DatabaseError) {
      try connection.commit()
    } catch {
      connection.rollBack()
      // It may have committed before the line went dead: never repeated.
      if connection.isLost { throw PostgreSQLOutcomeUnknown() }
      throw error
    }
    return result
  }

  /// Repeats after a conflict, a stale plan and a connection that was lost before the commit.
  private func attempt<Result>(_ work: (PostgreSQLConnection, _ number: Int) throws -> Result) throws -> Result {
    var number = 1
    while true {
      let connection = try self.connection ?? open()
      self.connection = connection
      do {
        return try work(connection, number)
      } catch is PostgreSQLOutcomeUnknown {
        self.connection = nil
        throw DatabaseError.unavailable("the connection was lost during a commit")
      } catch {
        guard number < Self.mostAttempts, try isWorthRepeating(connection) else { throw error }
        number += 1
      }
    }
  }

  private func isWorthRepeating(_ connection: PostgreSQLConnection) throws(DatabaseError) -> Bool {
    if connection.isLost || !connection.isOutsideTransaction {
      self.connection = nil
      return true
    }
    if connection.failure?.isStalePlan == true {
      try connection.forgetStatements()
      return true
    }
    return connection.failure?.isConflict == true
  }
}

/// The connection was lost between sending COMMIT and its answer.
private struct PostgreSQLOutcomeUnknown: Error {}
