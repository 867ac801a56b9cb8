package import Primitives

/// A statement whose interpolations are bound, never spliced: `"SELECT … WHERE name = \(name)"` becomes `… = $1`, which both
/// databases accept. There is no way to make one from a `String` at run time.
package struct SQL: ExpressibleByStringInterpolation, Sendable {
  package let text: String
  package let values: [SQLValue]

  package init(stringLiteral text: StaticString) {
    self.text = text.description
    values = []
  }

  package init(stringInterpolation interpolation: StringInterpolation) {
    text = interpolation.text
    values = interpolation.values
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""
    fileprivate var values: [SQLValue] = []

    package init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + interpolationCount * 3)
      values.reserveCapacity(interpolationCount)
    }

    package mutating func appendLiteral(_ literal: StaticString) { text += literal.description }

    package mutating func appendInterpolation(_ value: some SQLBindable) {
      values.append(value.sqlValue)
      text += "$\(values.count)"
    }

    package mutating func appendInterpolation(_ value: (some SQLBindable)?) {
      values.append(value?.sqlValue ?? .null)
      text += "$\(values.count)"
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
