package import Primitives

/// A user.
package struct Account: Sendable, Equatable {
  package typealias ID = Identifier<Account>

  package let id: ID
  package let username: Username
  package let email: String?
  package let phone: String?
  package let isEnabled: Bool
  /// `nil` until an invitation sets one.
  package let password: StoredPassword?
  package let createdAt: Instant
  /// Grows with every change; the ETag.
  package let version: Int64
  /// That messages are written in; `nil` for the installation's.
  package var language: String?
}

extension Account {
  /// What its owner is called and reached by, which a password must not be made of.
  var hints: [String] { [username.text, email ?? "", phone ?? ""].filter { !$0.isEmpty } }
}

/// A password as it stands in the database: an Argon2id string (PHC form) over the peppered password.
package struct StoredPassword: Sendable, Equatable {
  package let hash: String
  /// Which pepper is under it.
  package let pepperGeneration: Int
  /// Memory in KiB times iterations.
  package let work: Int
  package let changedAt: Instant
}
