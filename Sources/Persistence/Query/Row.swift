package import Primitives

/// One row of an answer. Columns are read by name; a missing column or another type is `DatabaseError.unexpectedValue`, which
/// means that statement and schema do not fit.
package struct Row: Sendable {
  private let columns: Columns
  private let values: [SQLValue]

  package init(columns: Columns, values: [SQLValue]) {
    self.columns = columns
    self.values = values
  }

  /// The names of an answer's columns, shared by its rows.
  package final class Columns: Sendable {
    fileprivate let names: [String]

    package init(_ names: [String]) { self.names = names }
  }

  package func value(_ name: String) throws(DatabaseError) -> SQLValue {
    // A look along a dozen short names takes less than hashing one.
    guard let position = columns.names.firstIndex(of: name), position < values.count else {
      throw .unexpectedValue(column: name)
    }
    return values[position]
  }

  package func integer(_ name: String) throws(DatabaseError) -> Int64 { try required(name, integerIfPresent(name)) }
  package func text(_ name: String) throws(DatabaseError) -> String { try required(name, textIfPresent(name)) }
  package func bytes(_ name: String) throws(DatabaseError) -> [UInt8] { try required(name, bytesIfPresent(name)) }
  package func instant(_ name: String) throws(DatabaseError) -> Instant { try required(name, instantIfPresent(name)) }
  package func boolean(_ name: String) throws(DatabaseError) -> Bool { try required(name, booleanIfPresent(name)) }

  package func identifier<Subject>(_ name: String, of subject: Subject.Type = Subject.self) throws(DatabaseError) -> Identifier<Subject> {
    try required(name, identifierIfPresent(name))
  }

  package func integerIfPresent(_ name: String) throws(DatabaseError) -> Int64? {
    switch try value(name) {
    case .null: nil
    case .integer(let value): value
    default: throw .unexpectedValue(column: name)
    }
  }

  package func textIfPresent(_ name: String) throws(DatabaseError) -> String? {
    switch try value(name) {
    case .null: nil
    case .text(let value): value
    default: throw .unexpectedValue(column: name)
    }
  }

  package func bytesIfPresent(_ name: String) throws(DatabaseError) -> [UInt8]? {
    switch try value(name) {
    case .null: nil
    case .bytes(let value): value
    default: throw .unexpectedValue(column: name)
    }
  }

  package func instantIfPresent(_ name: String) throws(DatabaseError) -> Instant? {
    try integerIfPresent(name).map(Instant.init(microseconds:))
  }

  package func booleanIfPresent(_ name: String) throws(DatabaseError) -> Bool? {
    switch try value(name) {
    case .null: nil
    case .boolean(let value): value
    case .integer(let value) where value == 0 || value == 1: value == 1
    default: throw .unexpectedValue(column: name)
    }
  }

  package func identifierIfPresent<Subject>(
    _ name: String, of subject: Subject.Type = Subject.self
  ) throws(DatabaseError) -> Identifier<Subject>? {
    guard let bytes = try bytesIfPresent(name) else { return nil }
    guard let identifier = Identifier<Subject>(bytes: bytes) else { throw .unexpectedValue(column: name) }
    return identifier
  }

  private func required<Value>(_ name: String, _ value: Value?) throws(DatabaseError) -> Value {
    guard let value else { throw .unexpectedValue(column: name) }
    return value
  }
}
