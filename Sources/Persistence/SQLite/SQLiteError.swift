internal import CSQLite

extension DatabaseError {
  /// From an (extended) result code.
  init(code: Int32, message: String) {
    switch code & 0xFF {
    case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_NOMEM, SQLITE_INTERRUPT, SQLITE_IOERR, SQLITE_PROTOCOL: self = .unavailable(message)
    case SQLITE_FULL: self = .full(message)
    case SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH: self = .readOnly(message)
    case SQLITE_CONSTRAINT: self = .constraint(Self.constraintName(message))
    case SQLITE_CORRUPT, SQLITE_NOTADB: self = .corrupt(message)
    default: self = .failed(message)
    }
  }

  /// "UNIQUE constraint failed: account.username" names `account.username`.
  private static func constraintName(_ message: String) -> String {
    guard let colon = message.utf8.firstIndex(of: UInt8(ascii: ":")) else { return message }
    return String(message[message.index(after: colon)...].drop { $0 == " " })
  }
}
