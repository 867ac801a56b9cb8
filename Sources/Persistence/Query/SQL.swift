package import Primitives

/// A statement whose interpolations are bound, never spliced: `"SELECT … WHERE name = \(name)"` becomes `… = $1`, which both
/// databases accept. There is no way to make one from a `String` at run time.
package struct SQL: ExpressibleByStringInterpolation, Sendable {
  package let statement: Statement
  package let values: [SQLValue]

  package init(stringLiteral text: StaticString) {
    statement = Statement(pieces: [.literal(text)])
    values = []
  }

  package init(stringInterpolation interpolation: StringInterpolation) {
    statement = Statement(pieces: interpolation.pieces)
    values = interpolation.values
  }

  /// What is written in the program, without the values. Told apart by where its literals lie in memory, never by their letters: a
  /// statement is looked up on every call and spelled out once.
  package struct Statement: Hashable, Sendable {
    fileprivate let pieces: [Piece]

    /// As the databases read it.
    package var text: String {
      var values = 0
      return pieces.reduce(into: "") { text, piece in
        switch piece {
        case .literal(let literal): text += literal.description
        case .value:
          values += 1
          text += "$\(values)"
        }
      }
    }
  }

  fileprivate enum Piece: Hashable, Sendable {
    case literal(StaticString)
    case value

    static func == (one: Piece, other: Piece) -> Bool { one.identity == other.identity }

    func hash(into hasher: inout Hasher) { hasher.combine(identity) }

    /// The address of a literal; one of a single character may have none, and is its character, which no address can be.
    private var identity: UInt {
      switch self {
      case .value: 0
      case .literal(let text) where text.hasPointerRepresentation: UInt(bitPattern: text.utf8Start)
      case .literal(let text): UInt(text.unicodeScalar.value) + 1
      }
    }
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var pieces: [Piece] = []
    fileprivate var values: [SQLValue] = []

    package init(literalCapacity: Int, interpolationCount: Int) {
      pieces.reserveCapacity(interpolationCount * 2 + 1)
      values.reserveCapacity(interpolationCount)
    }

    package mutating func appendLiteral(_ literal: StaticString) {
      if literal.utf8CodeUnitCount > 0 { pieces.append(.literal(literal)) }
    }

    package mutating func appendInterpolation(_ value: some SQLBindable) {
      values.append(value.sqlValue)
      pieces.append(.value)
    }

    package mutating func appendInterpolation(_ value: (some SQLBindable)?) {
      values.append(value?.sqlValue ?? .null)
      pieces.append(.value)
    }
  }
}

/// What a column holds. SQLite answers a BOOLEAN as an integer; `Row.boolean` takes both.
package enum SQLValue: Sendable, Equatable {
  case null
  case integer(Int64)
  case text(String)
  case bytes([UInt8])
  case boolean(Bool)
}

/// A Swift type that has one form in a column.
package protocol SQLBindable { var sqlValue: SQLValue { get } }

extension Int: SQLBindable { package var sqlValue: SQLValue { .integer(Int64(self)) } }
extension Int64: SQLBindable { package var sqlValue: SQLValue { .integer(self) } }
extension String: SQLBindable { package var sqlValue: SQLValue { .text(self) } }
extension Bool: SQLBindable { package var sqlValue: SQLValue { .boolean(self) } }
extension [UInt8]: SQLBindable { package var sqlValue: SQLValue { .bytes(self) } }
extension Instant: SQLBindable { package var sqlValue: SQLValue { .integer(microseconds) } }
extension Identifier: SQLBindable { package var sqlValue: SQLValue { .bytes(bytes) } }
