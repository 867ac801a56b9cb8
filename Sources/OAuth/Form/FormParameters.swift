internal import Primitives

/// The parameters of an `application/x-www-form-urlencoded` body (WHATWG URL, section 5; RFC 6749, appendix B). Strict: a bad
/// percent escape, bytes that are not UTF-8, more than 32 parameters and, as RFC 6749, section 3.2 asks, a repeated
/// parameter are refused. A parameter without a value is as if it were absent.
package struct FormParameters: Sendable {
  private var values: [String: String] = [:]

  package struct Malformed: Error, Equatable {
    package let detail: String
  }

  private static let most = 32

  package init(_ body: [UInt8]) throws(Malformed) {
    let pairs = body.split(separator: UInt8(ascii: "&"))
    guard pairs.count <= Self.most else { throw Malformed(detail: "a form has at most \(Self.most) parameters") }
    for pair in pairs {
      let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decode(parts[0]), let value = Self.decode(parts.count > 1 ? parts[1] : []) else {
        throw Malformed(detail: "a parameter is not valid percent-encoded UTF-8")
      }
      guard values[name] == nil else { throw Malformed(detail: "the parameter '\(name)' is repeated") }
      values[name] = value
    }
  }

  package subscript(_ name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

  package var names: [String] { values.keys.sorted() }

  package func contains(_ name: String) -> Bool { values[name] != nil }

  /// One component, with `+` for a space; `nil` where it is malformed.
  package static func decode(_ text: some Collection<UInt8>) -> String? {
    var bytes: [UInt8] = []
    var rest = text[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        guard let escaped = Hex.decode(Array(rest.prefix(2))), escaped.count == 1 else { return nil }
        bytes += escaped
        rest = rest.dropFirst(2)
      default: bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
