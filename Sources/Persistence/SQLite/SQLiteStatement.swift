internal import CSQLite

/// A prepared statement, kept by its connection.
final class SQLiteStatement {
  private let handle: OpaquePointer
  // Unowned: the connection keeps its statements, never the other way round.
  private unowned let connection: SQLiteConnection
  private let columns: Row.Columns
  private let columnCount: Int32

  init(_ text: String, on connection: SQLiteConnection) throws(DatabaseError) {
    var prepared: OpaquePointer?
    let code = sqlite3_prepare_v3(connection.handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
    guard code == SQLITE_OK else { throw connection.lastError(code) }
    guard let prepared else { throw .failed("an empty statement") }
    handle = prepared
    self.connection = connection
    columnCount = sqlite3_column_count(prepared)
    columns = Row.Columns((0..<columnCount).map { index in sqlite3_column_name(prepared, index).map { String(cString: $0) } ?? "" })
  }

  deinit { sqlite3_finalize(handle) }

  func rows(_ values: [SQLValue]) throws(DatabaseError) -> [Row] {
    defer {
      sqlite3_reset(handle)
      // Bound copies may be secrets' digests: not kept longer than needed.
      sqlite3_clear_bindings(handle)
    }
    for (index, value) in values.enumerated() {
      let code = bind(value, at: Int32(index + 1))
      guard code == SQLITE_OK else { throw connection.lastError(code) }
    }
    var rows: [Row] = []
    while true {
      let code = sqlite3_step(handle)
      switch code {
      case SQLITE_ROW: rows.append(Row(columns: columns, values: (0..<columnCount).map(value)))
      case SQLITE_DONE: return rows
      default: throw connection.lastError(code)
      }
    }
  }

  private func bind(_ value: SQLValue, at index: Int32) -> Int32 {
    switch value {
    case .null: return sqlite3_bind_null(handle, index)
    case .integer(let number): return sqlite3_bind_int64(handle, index, number)
    case .boolean(let flag): return sqlite3_bind_int64(handle, index, flag ? 1 : 0)
    case .text(var text):
      return text.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) { sqlite3_bind_text(handle, index, $0.baseAddress, Int32($0.count), Self.copied) }
      }
    case .bytes(let bytes):
      // A null pointer would bind NULL.
      guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(handle, index, 0) }
      return bytes.withUnsafeBytes { sqlite3_bind_blob(handle, index, $0.baseAddress, Int32($0.count), Self.copied) }
    }
  }

  private func value(_ index: Int32) -> SQLValue {
    switch sqlite3_column_type(handle, index) {
    case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, index))
    case SQLITE_TEXT:
      let count = Int(sqlite3_column_bytes(handle, index))
      let bytes = UnsafeBufferPointer(start: sqlite3_column_text(handle, index), count: count)
      return .text(String(decoding: bytes, as: UTF8.self))
    case SQLITE_BLOB:
      let count = Int(sqlite3_column_bytes(handle, index))
      return .bytes(Array(UnsafeRawBufferPointer(start: sqlite3_column_blob(handle, index), count: count)))
    case SQLITE_FLOAT: return .text(String(sqlite3_column_double(handle, index)))
    default: return .null
    }
  }

  /// SQLITE_TRANSIENT: SQLite makes a copy before `bind` returns.
  private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}
