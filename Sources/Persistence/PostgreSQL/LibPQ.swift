internal import CLinux

/// PostgreSQL's client library, opened at run time: only an installation that uses PostgreSQL needs it and pays for it.
///
/// `@unchecked`: function pointers that never change; the library stays open as long as this lives, and libpq may be called from
/// any thread as long as no two share a connection.
final class LibPQ: @unchecked Sendable {
  typealias Text = UnsafePointer<CChar>
  typealias Texts = UnsafePointer<UnsafePointer<CChar>?>

  private let library: UnsafeMutableRawPointer

  let connect: @convention(c) (Texts?, Texts?, Int32) -> OpaquePointer?
  let status: @convention(c) (OpaquePointer?) -> Int32
  let errorMessage: @convention(c) (OpaquePointer?) -> Text?
  let finish: @convention(c) (OpaquePointer?) -> Void
  let setNoticeProcessor:
    @convention(c) (
      OpaquePointer?, (@convention(c) (UnsafeMutableRawPointer?, Text?) -> Void)?, UnsafeMutableRawPointer?
    ) -> OpaquePointer?
  let transactionStatus: @convention(c) (OpaquePointer?) -> Int32
  let parseConnectionString: @convention(c) (Text?, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> OpaquePointer?
  let freeConnectionString: @convention(c) (OpaquePointer?) -> Void
  let free: @convention(c) (UnsafeMutableRawPointer?) -> Void

  let execute: @convention(c) (OpaquePointer?, Text?) -> OpaquePointer?
  let prepare: @convention(c) (OpaquePointer?, Text?, Text?, Int32, UnsafePointer<UInt32>?) -> OpaquePointer?
  let executePrepared:
    @convention(c) (OpaquePointer?, Text?, Int32, Texts?, UnsafePointer<Int32>?, UnsafePointer<Int32>?, Int32) -> OpaquePointer?

  let resultStatus: @convention(c) (OpaquePointer?) -> Int32
  let resultErrorField: @convention(c) (OpaquePointer?, Int32) -> Text?
  let commandStatus: @convention(c) (OpaquePointer?) -> Text?
  let rowCount: @convention(c) (OpaquePointer?) -> Int32
  let columnCount: @convention(c) (OpaquePointer?) -> Int32
  let columnName: @convention(c) (OpaquePointer?, Int32) -> Text?
  let columnType: @convention(c) (OpaquePointer?, Int32) -> UInt32
  let isNull: @convention(c) (OpaquePointer?, Int32, Int32) -> Int32
  let value: @convention(c) (OpaquePointer?, Int32, Int32) -> Text?
  let length: @convention(c) (OpaquePointer?, Int32, Int32) -> Int32
  let clear: @convention(c) (OpaquePointer?) -> Void

  init() throws(DatabaseError) {
    guard let library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL) else {
      throw .unavailable("PostgreSQL's client library is not installed (libpq.so.5, Debian package libpq5)")
    }
    self.library = library
    func find<Function>(_ name: String, _ type: Function.Type = Function.self) throws(DatabaseError) -> Function {
      guard let symbol = dlsym(library, name) else { throw .unavailable("libpq.so.5 has no \(name)") }
      return unsafeBitCast(symbol, to: Function.self)
    }
    connect = try find("PQconnectdbParams")
    status = try find("PQstatus")
    errorMessage = try find("PQerrorMessage")
    finish = try find("PQfinish")
    setNoticeProcessor = try find("PQsetNoticeProcessor")
    transactionStatus = try find("PQtransactionStatus")
    parseConnectionString = try find("PQconninfoParse")
    freeConnectionString = try find("PQconninfoFree")
    free = try find("PQfreemem")
    execute = try find("PQexec")
    prepare = try find("PQprepare")
    executePrepared = try find("PQexecPrepared")
    resultStatus = try find("PQresultStatus")
    resultErrorField = try find("PQresultErrorField")
    commandStatus = try find("PQcmdStatus")
    rowCount = try find("PQntuples")
    columnCount = try find("PQnfields")
    columnName = try find("PQfname")
    columnType = try find("PQftype")
    isNull = try find("PQgetisnull")
    value = try find("PQgetvalue")
    length = try find("PQgetlength")
    clear = try find("PQclear")
  }

  deinit { dlclose(library) }
}
