/// Where everything lasting lives. Two conformers: SQLite in the data folder, PostgreSQL beside it.
package protocol Database: Sendable {
  /// Runs `body` in one transaction and returns after it is durable. The body is synchronous on purpose: no suspension can
  /// hold a transaction open. Bodies that wait together share one commit, each in its own savepoint, so an error undoes only
  /// its own. A body may run twice (serialization retry): it changes nothing but the database.
  func transaction<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result

  /// Runs `body` on a consistent snapshot, beside the writer. Writing in it is refused.
  func read<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result

  /// What committed transactions announced.
  var changes: Changes { get }

  /// Finishes what is queued and closes. Later calls throw `DatabaseError.closed`.
  func close() async
}

/// An open transaction; good only inside the body that received it.
package protocol Transaction {
  /// Runs one statement, prepared once, and returns its rows (for `RETURNING` too).
  func rows(_ sql: SQL) throws(DatabaseError) -> [Row]

  /// Says what this transaction changes for whoever keeps knowledge in memory. Counted in `Database.changes` once the
  /// transaction is committed; a body that fails announces nothing.
  func announce(_ subject: ChangedSubject)

  /// Runs several statements without parameters, for migrations.
  func script(_ text: String) throws(DatabaseError)
}

extension Transaction {
  /// The first row, or `nil`.
  package func row(_ sql: SQL) throws(DatabaseError) -> Row? { try rows(sql).first }

  /// For a statement whose rows nobody needs.
  package func run(_ sql: SQL) throws(DatabaseError) { _ = try rows(sql) }
}

/// What can go wrong with a store. `description` is for the log, never for a caller.
package enum DatabaseError: Error, Equatable {
  /// Locked for longer than the time-out, connection lost, too many waiting: trying again may help.
  case unavailable(String)
  /// No space, or a read-only or unwritable file.
  case readOnly(String)
  case full(String)
  /// A UNIQUE, CHECK or FOREIGN KEY refused; the name is the constraint's or column's as the database gives it.
  case constraint(String)
  case unexpectedValue(column: String)
  /// The file holds migrations that this program does not know.
  case newerSchema(found: Int, known: Int)
  /// A migration that has run differs from the one in this program.
  case changedMigration(String)
  case corrupt(String)
  case failed(String)
  case closed
}
