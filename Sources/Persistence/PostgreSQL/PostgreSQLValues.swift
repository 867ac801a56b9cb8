/// A statement's values in binary form, in one block of memory.
struct PostgreSQLValues {
  private var bytes: [UInt8] = []
  private var offsets: [Int?] = []
  private var lengths: [Int32] = []

  init(_ values: [SQLValue]) {
    for value in values {
      let start = bytes.count
      switch value {
      case .null: break
      case .integer(let number): bytes += (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
      case .boolean(let flag): bytes.append(flag ? 1 : 0)
      case .text(let text): bytes += text.utf8
      case .bytes(let value): bytes += value
      }
      offsets.append(value == .null ? nil : start)
      lengths.append(Int32(bytes.count - start))
    }
    // So that an empty last value has an address too: a null pointer would be NULL.
    bytes.append(0)
  }

  /// Values, lengths and formats, good only inside `body`.
  func withPointers<Result>(
    _ body: (LibPQ.Texts?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Result
  ) -> Result {
    let formats = [Int32](repeating: 1, count: offsets.count)
    return bytes.withUnsafeBytes { block in
      let start = block.bindMemory(to: CChar.self).baseAddress
      let pointers = offsets.map { offset in offset.flatMap { offset in start.map { $0 + offset } } }
      return body(pointers, lengths, formats)
    }
  }
}

extension SQLValue {
  /// The type that the server is told; 0 where it is to find out from the statement.
  var postgreSQLType: UInt32 {
    switch self {
    case .null: 0
    case .integer: PostgreSQLType.long.rawValue
    case .boolean: PostgreSQLType.boolean.rawValue
    case .text: PostgreSQLType.text.rawValue
    case .bytes: PostgreSQLType.bytes.rawValue
    }
  }
}
