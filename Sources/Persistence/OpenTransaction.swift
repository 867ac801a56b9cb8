/// What the transactions of both databases stand on: one connection, used by one thread at a time.
protocol Connection: AnyObject {
  func rows(_ sql: SQL) throws(DatabaseError) -> [Row]
  func execute(_ text: String) throws(DatabaseError)
  /// Whether no transaction is open: a database ends one by itself after some errors.
  var isOutsideTransaction: Bool { get }
}

/// The transaction that a body sees.
///
/// A statement that failed ends it, as PostgreSQL has it: whatever the body does with the error, nothing of it is kept. So a body
/// that swallows an error behaves the same on both databases.
final class OpenTransaction: Transaction {
  // `any`: one of two connections, behind a call that costs microseconds.
  private let connection: any Connection
  /// The first failure.
  private(set) var fault: DatabaseError?
  private(set) var announced: Set<ChangedSubject> = []

  init(on connection: any Connection) { self.connection = connection }

  func rows(_ sql: SQL) throws(DatabaseError) -> [Row] {
    try keepingFault { () throws(DatabaseError) in try connection.rows(sql) }
  }

  func announce(_ subject: ChangedSubject) { announced.insert(subject) }

  func script(_ text: String) throws(DatabaseError) {
    try keepingFault { () throws(DatabaseError) in
      try connection.execute(text)
      guard !connection.isOutsideTransaction else { throw .failed("a script ended the transaction that it ran in") }
    }
  }

  /// Runs `body` and throws what it throws, or the fault that it kept to itself.
  func run<Result>(_ body: (any Transaction) throws -> Result) throws -> Result {
    let result = try body(self)
    if let fault { throw fault }
    return result
  }

  private func keepingFault<Result>(_ work: () throws(DatabaseError) -> Result) throws(DatabaseError) -> Result {
    if let fault { throw fault }
    do throws(DatabaseError) {
      return try work()
    } catch {
      fault = error
      throw error
    }
  }
}
