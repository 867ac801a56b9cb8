internal import Primitives

/// One connection to a server, for one thread at a time.
final class PostgreSQLConnection: Connection {
  private let library: LibPQ
  private let handle: OpaquePointer
  /// Names of prepared statements.
  private var statements: [Prepared: String] = [:]
  private var preparedCount = 0
  /// The last statement's failure in the running transaction.
  private(set) var failure: PostgreSQLFailure?
  private var hasGate = false
  private let lockTimeout: Int64

  /// How many statements are kept prepared; all of the program's fit.
  static let mostStatements = 256

  init(_ library: LibPQ, url: String, password: Secret?, settings: DatabaseSettings) throws(DatabaseError) {
    self.library = library
    let seconds = String(max(2, settings.connectTimeout.inSeconds))
    // Later ones win: the connection string may say otherwise, but it holds no password.
    let parameters: [(String, String)] = [
      ("connect_timeout", seconds), ("tcp_user_timeout", "\(settings.connectTimeout.inSeconds * 2000)"),
      ("application_name", "credentialflow"), ("dbname", url), ("client_encoding", "UTF8"),
    ]
    guard let opened = Self.connect(library, parameters, password) else { throw .unavailable("no memory for a connection") }
    guard library.status(opened) == 0 else {
      defer { library.finish(opened) }
      throw .unavailable(library.errorMessage(opened).map { Self.oneLine(String(cString: $0)) } ?? "the server does not answer")
    }
    handle = opened
    // Notices would go to standard error.
    _ = library.setNoticeProcessor(opened, { _, _ in }, nil)
    lockTimeout = settings.busyTimeout.inMicroseconds / 1000
    try execute("SET lock_timeout = \(lockTimeout)")
    // Bodies wait for nothing: a transaction that idles is that of a node which is frozen or cut off, and holds up all the others.
    try execute("SET idle_in_transaction_session_timeout = \(max(5_000, lockTimeout))")
    try? execute("SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3")
  }

  deinit { library.finish(handle) }

  /// Whether the server hung up.
  var isLost: Bool { library.status(handle) != 0 }

  /// PQTRANS_IDLE, or PQTRANS_UNKNOWN after a lost connection.
  var isOutsideTransaction: Bool { [0, 4].contains(library.transactionStatus(handle)) }

  var statementCount: Int { statements.count }

  enum Mode {
    case readOnly
    case amongOthers
    /// Behind others of the kind.
    case inTurn
    case alone

    /// Of the migrator's table, for the length of the transaction.
    fileprivate var lock: StaticString? {
      switch self {
      case .readOnly: nil
      case .amongOthers: "ROW SHARE"
      case .inTurn: "SHARE UPDATE EXCLUSIVE"
      case .alone: "EXCLUSIVE"
      }
    }
  }

  /// Milliseconds for which whoever wants to be alone, or in turn, waits and holds up others at the most: a frozen node may not let go.
  private static let patience = 500

  /// Writers lock the migrator's table first of all: many at once, one after the other, or one alone. LOCK takes no snapshot, so who
  /// has waited sees what those before it have done. Who waits in vain goes on among the others. Before the first migration there is
  /// nothing to lock, and nobody else.
  func begin(_ mode: Mode) throws(DatabaseError) {
    failure = nil
    guard let lock = mode.lock else { return try execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") }
    if !hasGate {
      hasGate = try rows("SELECT to_regclass('schema_migration') IS NOT NULL AS is_there").first?.boolean("is_there") ?? false
    }
    guard hasGate else { return try execute("BEGIN ISOLATION LEVEL SERIALIZABLE") }
    guard mode != .amongOthers else {
      return try execute("BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE schema_migration IN \(lock) MODE")
    }
    do throws(DatabaseError) {
      try execute(
        """
        BEGIN ISOLATION LEVEL SERIALIZABLE; SET LOCAL lock_timeout = \(Self.patience);
        LOCK TABLE schema_migration IN \(lock) MODE; SET LOCAL lock_timeout = \(lockTimeout)
        """)
    } catch {
      guard failure?.isLockTimeout == true else { throw error }
      rollBack()
      try begin(.amongOthers)
    }
  }

  /// Throws unless the server says that it has committed.
  func commit() throws(DatabaseError) {
    let result = PostgreSQLResult(library.execute(handle, "COMMIT"), library)
    try check(result)
    guard result.command == "COMMIT" else { throw .failed("the server rolled the transaction back") }
  }

  /// Ends the open transaction, if there is one. A failure shows in `isOutsideTransaction`.
  func rollBack() { if !isOutsideTransaction { try? execute("ROLLBACK") } }

  func execute(_ text: String) throws(DatabaseError) {
    let result = PostgreSQLResult(library.execute(handle, text), library)
    try check(result)
  }

  func rows(_ sql: SQL) throws(DatabaseError) -> [Row] {
    let name = try prepare(sql)
    let values = PostgreSQLValues(sql.values)
    let result = PostgreSQLResult(
      values.withPointers { values, lengths, formats in
        library.executePrepared(handle, name, Int32(sql.values.count), values, lengths, formats, 1)
      }, library)
    try check(result)
    return try result.rows()
  }

  /// Makes the server forget every prepared statement.
  func forgetStatements() throws(DatabaseError) {
    statements.removeAll()
    try execute("DEALLOCATE ALL")
  }

  private struct Prepared: Hashable {
    let statement: SQL.Statement
    let types: [UInt32]
  }

  /// The name of a prepared statement. A NULL has no type of its own, so the same text can be prepared more than once.
  private func prepare(_ sql: SQL) throws(DatabaseError) -> String {
    let types = sql.values.map(\.postgreSQLType)
    let key = Prepared(statement: sql.statement, types: types)
    if let name = statements[key] { return name }
    if statements.count >= Self.mostStatements { try forgetStatements() }
    preparedCount += 1
    let name = "s\(preparedCount)"
    let result = PostgreSQLResult(library.prepare(handle, name, sql.statement.text, Int32(types.count), types), library)
    try check(result)
    statements[key] = name
    return name
  }

  private func check(_ result: borrowing PostgreSQLResult) throws(DatabaseError) {
    guard !result.isSuccess else { return }
    let failure = PostgreSQLFailure(result)
    self.failure = failure
    throw failure.error
  }

  /// Names and values as C wants them: two lists that end in a null pointer. The password is copied, used and wiped.
  private static func connect(_ library: LibPQ, _ parameters: [(String, String)], _ password: Secret?) -> OpaquePointer? {
    var texts = parameters.flatMap { [Array($0.0.utf8), Array($0.1.utf8)] }
    if let password { texts += [Array("password".utf8), password.withBytes { Array($0) }] }
    let copies = texts.map { text in
      let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: text.count + 1)
      _ = copy.initialize(from: text.map { CChar(bitPattern: $0) } + [0])
      return copy
    }
    for index in texts.indices { Secret.wipe(&texts[index]) }
    defer {
      for copy in copies {
        copy.update(repeating: 0)
        copy.deallocate()
      }
    }
    let pointers = copies.map { UnsafePointer($0.baseAddress) }
    let names = stride(from: 0, to: pointers.count, by: 2).map { pointers[$0] } + [nil]
    let values = stride(from: 1, to: pointers.count, by: 2).map { pointers[$0] } + [nil]
    return library.connect(names, values, 1)
  }

  private static func oneLine(_ text: String) -> String {
    text.split { $0 == "\n" || $0 == "\t" }.joined(separator: " ")
  }
}
