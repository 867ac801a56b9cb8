package import Primitives

/// A separation of duty (INCITS 359): roles of which at most one goes together.
package struct Separation: Sendable, Equatable {
  package typealias ID = Identifier<Separation>

  package enum Kind: String, Sendable, CaseIterable {
    /// Nobody may be authorised for two of them, through inheritance or not, whatever the terms of the assignments.
    case `static`
    /// No session may have two of them active. A role that is active brings those that it inherits with it.
    case dynamic
  }

  package let id: ID
  package let name: String
  package let kind: Kind
  /// Names, sorted.
  package let roles: [String]
  package let createdAt: Instant
}
