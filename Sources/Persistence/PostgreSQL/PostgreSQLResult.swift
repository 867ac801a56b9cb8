/// What the server answered to one statement.
struct PostgreSQLResult: ~Copyable {
  private let library: LibPQ
  private let handle: OpaquePointer?

  init(_ handle: OpaquePointer?, _ library: LibPQ) {
    self.handle = handle
    self.library = library
  }

  deinit { library.clear(handle) }

  /// PGRES_COMMAND_OK, PGRES_TUPLES_OK or, for an empty script, PGRES_EMPTY_QUERY.
  var isSuccess: Bool { handle != nil && (0...2).contains(library.resultStatus(handle)) }

  /// As in `COMMIT`, or `ROLLBACK` where the server would not commit.
  var command: String { library.commandStatus(handle).map { String(cString: $0) } ?? "" }

  /// One field of the error report, by its letter (PostgreSQL's `PG_DIAG_…`).
  func errorField(_ letter: Unicode.Scalar) -> String? {
    library.resultErrorField(handle, Int32(letter.value)).map { String(cString: $0) }
  }

  /// All rows; they were asked for in binary form.
  func rows() throws(DatabaseError) -> [Row] {
    let width = library.columnCount(handle)
    guard width > 0 else { return [] }
    let names = (0..<width).map { column in library.columnName(handle, column).map { String(cString: $0) } ?? "" }
    let types = (0..<width).map { library.columnType(handle, $0) }
    let columns = Row.Columns(names)
    var rows: [Row] = []
    for row in 0..<library.rowCount(handle) {
      var values: [SQLValue] = []
      values.reserveCapacity(Int(width))
      for column in 0..<width {
        guard let value = value(row, column, types[Int(column)]) else { throw .unexpectedValue(column: names[Int(column)]) }
        values.append(value)
      }
      rows.append(Row(columns: columns, values: values))
    }
    return rows
  }

  private func value(_ row: Int32, _ column: Int32, _ type: UInt32) -> SQLValue? {
    guard library.isNull(handle, row, column) == 0 else { return .null }
    let bytes = UnsafeRawBufferPointer(start: library.value(handle, row, column), count: Int(library.length(handle, row, column)))
    return PostgreSQLType(rawValue: type).flatMap { $0.value(of: bytes) }
  }
}

/// The types of PostgreSQL that the portable subset meets, by the number that `pg_type.oid` has had since ever.
enum PostgreSQLType: UInt32 {
  case boolean = 16
  case bytes = 17
  case name = 19
  case long = 20
  case short = 21
  case integer = 23
  case text = 25
  case character = 1042
  case varchar = 1043
  /// What SUM over BIGINT gives.
  case numeric = 1700
  case void = 2278

  /// Reads the binary form; `nil` where it is not one of this type.
  func value(of bytes: UnsafeRawBufferPointer) -> SQLValue? {
    switch self {
    case .boolean: bytes.count == 1 ? .boolean(bytes[0] != 0) : nil
    case .bytes: .bytes(Array(bytes))
    case .long, .integer, .short: .integer(Self.signed(bytes))
    case .text, .name, .character, .varchar: .text(String(decoding: bytes, as: UTF8.self))
    case .numeric: Self.wholeNumber(bytes)
    case .void: .null
    }
  }

  private static func signed(_ bytes: some Collection<UInt8>) -> Int64 {
    let isNegative = (bytes.first ?? 0) & 0x80 != 0
    return bytes.reduce(isNegative ? -1 : 0) { $0 << 8 | Int64($1) }
  }

  /// A `numeric` without fraction: count of digits, weight of the first, sign, scale (16 bits each), then digits to base 10,000.
  private static func wholeNumber(_ bytes: UnsafeRawBufferPointer) -> SQLValue? {
    guard bytes.count >= 8, bytes.count % 2 == 0 else { return nil }
    let words = stride(from: 0, to: bytes.count, by: 2).map { Int64(bytes[$0]) << 8 | Int64(bytes[$0 + 1]) }
    let (weight, sign, digits) = (Int(Int16(truncatingIfNeeded: words[1])), words[2], words[4...])
    guard sign == 0 || sign == 0x4000, digits.count <= weight + 1 || digits.isEmpty else { return nil }
    // Below zero there is one number more.
    var negative: Int64 = 0
    for position in 0..<(digits.isEmpty ? 0 : weight + 1) {
      let digit = position < digits.count ? digits[digits.startIndex + position] : 0
      let (product, isTooLarge) = negative.multipliedReportingOverflow(by: 10_000)
      let (difference, isOverflow) = product.subtractingReportingOverflow(digit)
      guard !isTooLarge, !isOverflow else { return nil }
      negative = difference
    }
    guard sign == 0 else { return .integer(negative) }
    return negative == .min ? nil : .integer(-negative)
  }
}
