internal import CSQLite
internal import Primitives

/// One connection to one file, for one thread at a time.
///
/// `@unchecked`: whoever holds it, the writer's queue or a borrower from `SQLiteReaders`, is alone with it.
final class SQLiteConnection: Connection, @unchecked Sendable {
  let handle: OpaquePointer
  private var statements: [SQL.Statement: SQLiteStatement] = [:]

  enum Access {
    case readWrite
    case readOnly
  }

  /// How many statements are kept prepared; all of the program's fit.
  static let mostStatements = 256

  init(path: String, access: Access, cacheKiB: Int, busyTimeout: Duration) throws(DatabaseError) {
    if access == .readWrite, path != ":memory:" { try SQLiteFiles.make(path) }
    var opened: OpaquePointer?
    let flags = (access == .readWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let code = sqlite3_open_v2(path, &opened, flags, nil)
    guard code == SQLITE_OK, let opened else {
      let error = DatabaseError(code: code, message: opened.map { String(cString: sqlite3_errmsg($0)) } ?? "no memory")
      sqlite3_close_v2(opened)
      throw error
    }
    handle = opened
    do throws(DatabaseError) {
      try configure(access, cacheKiB, busyTimeout)
    } catch {
      sqlite3_close_v2(opened)
      throw error
    }
  }

  deinit {
    statements.removeAll()
    sqlite3_close_v2(handle)
  }

  /// Runs one statement, prepared once, and reads all of its rows.
  func rows(_ sql: SQL) throws(DatabaseError) -> [Row] {
    try prepared(sql.statement).rows(sql.values)
  }

  /// For a statement whose rows nobody needs.
  func run(_ sql: SQL) throws(DatabaseError) { _ = try rows(sql) }

  /// Runs statements that neither take nor return values.
  func execute(_ text: String) throws(DatabaseError) {
    let code = sqlite3_exec(handle, text, nil, nil, nil)
    guard code == SQLITE_OK else { throw lastError(code) }
  }

  /// Whether no transaction is open: SQLite ends one by itself after some errors.
  var isOutsideTransaction: Bool { sqlite3_get_autocommit(handle) != 0 }

  /// Ends the open transaction, if there is one. A failure shows in `isOutsideTransaction`.
  func rollBack() { if !isOutsideTransaction { try? run("ROLLBACK") } }

  var statementCount: Int { statements.count }

  func lastError(_ code: Int32) -> DatabaseError { DatabaseError(code: code, message: String(cString: sqlite3_errmsg(handle))) }

  /// Past the bound all go: that happens only where statements are made in a loop, and keeps the way of every other call short.
  private func prepared(_ statement: SQL.Statement) throws(DatabaseError) -> SQLiteStatement {
    if let known = statements[statement] { return known }
    let made = try SQLiteStatement(statement.text, on: self)
    if statements.count >= Self.mostStatements { statements.removeAll() }
    statements[statement] = made
    return made
  }

  private func configure(_ access: Access, _ cacheKiB: Int, _ busyTimeout: Duration) throws(DatabaseError) {
    sqlite3_busy_timeout(handle, Int32(clamping: busyTimeout.inMicroseconds / 1000))
    guard cf_sqlite_set_defensive(handle) == SQLITE_OK else { throw .failed("SQLite cannot be made defensive") }
    try execute("PRAGMA cache_size = -\(cacheKiB); PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;")
    guard access == .readWrite else { return try execute("PRAGMA query_only = ON") }
    // SQLite falls back to reading where it may not write: better said now than at the first write.
    guard sqlite3_db_readonly(handle, "main") == 0 else { throw .readOnly("the database file cannot be written") }
    // FULL: an acknowledged commit survives a power cut. WAL: readers do not wait for the writer.
    try execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;")
  }
}
