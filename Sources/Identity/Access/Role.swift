package import Primitives

/// A named set of permissions (INCITS 359, core RBAC), with those of the roles that it inherits (hierarchical RBAC).
package struct Role: Sendable, Equatable {
  package typealias ID = Identifier<Role>

  package let id: ID
  package let name: String
  package let description: String
  /// Built-in roles are made with the database and can neither be deleted nor changed.
  package let isBuiltin: Bool
  /// Its own, sorted; those that it inherits are not among them.
  package let permissions: [Permission]
  /// The names of the roles that it inherits itself, sorted.
  package let inherits: [String]
  /// Grows with every change; the ETag.
  package let version: Int64

  /// 1 to 64 of letters, digits and `._-`, beginning with a letter or digit: a name stands unquoted in headers and lists.
  package static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 64 else { return false }
    return isAlphanumeric(first)
      && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
  }
}
