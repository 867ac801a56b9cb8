internal import CSQLite
internal import Glibc

/// One connection to one file, for one thread at a time.
///
/// `@unchecked`: whoever holds it, the writer's queue or a borrower from `SQLiteReaders`, is alone with it.
final class SQLiteConnection: @unchecked Sendable {
  let handle: OpaquePointer
  private var statements: [String: SQLiteStatement] = [:]

  enum Access {
    case readWrite
    case readOnly
  }

  /// How many statements are kept prepared; all of the program's fit.
  private static let mostStatements = 256

  init(path: String, access: Access, cacheKiB: Int, busyTimeout: Duration) throws(DatabaseError) {
    if access == .readWrite, path != ":memory:" { try Self.makeFile(path) }
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
    try statement(sql.text).rows(sql.values)
  }

  /// For a statement whose rows nobody needs.
  func run(_ sql: SQL) throws(DatabaseError) { _ = try rows(sql) }

  /// Runs statements that neither take nor return values.
  func execute(_ text: String) throws(DatabaseError) {
    let code = sqlite3_exec(handle, text, nil, nil, nil)
    guard code == SQLITE_OK else { throw lastError(code) }
  }

  func lastError(_ code: Int32) -> DatabaseError { DatabaseError(code: code, message: String(cString: sqlite3_errmsg(handle))) }

  private func statement(_ text: String) throws(DatabaseError) -> SQLiteStatement {
    if let known = statements[text] { return known }
    let made = try SQLiteStatement(text, on: self)
    if statements.count >= Self.mostStatements { statements.removeAll() }
    statements[text] = made
    return made
  }

  private func configure(_ access: Access, _ cacheKiB: Int, _ busyTimeout: Duration) throws(DatabaseError) {
    sqlite3_busy_timeout(handle, Int32(clamping: busyTimeout.components.seconds * 1000))
    guard cf_sqlite_set_defensive(handle) == SQLITE_OK else { throw .failed("SQLite cannot be made defensive") }
    try execute("PRAGMA cache_size = -\(cacheKiB); PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;")
    guard access == .readWrite else { return try execute("PRAGMA query_only = ON") }
    // FULL: an acknowledged commit survives a power cut. WAL: readers do not wait for the writer.
    try execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;")
  }

  /// Made by us, with its mode, so that no umask opens it to others. SQLite gives `-wal` and `-shm` the mode of the file.
  private static func makeFile(_ path: String) throws(DatabaseError) {
    let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      let reason = "\(path): \(String(cString: strerror(errno)))"
      throw errno == ENOSPC || errno == EDQUOT ? .full(reason) : .readOnly(reason)
    }
    close(descriptor)
  }
}
