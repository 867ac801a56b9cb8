/// How much there may be of everything that roles are made of: whoever may change roles cannot make the store, a token's issue or
/// a decision slow.
package enum RoleLimits {
  package static let roles = 10_000
  /// Of one role, its own.
  package static let permissions = 1_000
  package static let permissionsInAll = 100_000
  /// That one role inherits itself.
  package static let inherited = 100
  package static let inheritedInAll = 50_000
  /// Steps from a role down to what it inherits.
  package static let depth = 32
  /// Roles of one account or application.
  package static let assignments = 500
  package static let separations = 200
  /// Roles of one separation.
  package static let separated = 2...50
  /// Bytes.
  package static let description = 500
}
