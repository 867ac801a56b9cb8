package import Primitives

/// The roles of a session or token, and what they allow.
package struct ActiveRoles: Sendable, Equatable {
  /// Names, sorted; what these inherit is not among them.
  package let roles: [String]
  /// Names, sorted, of roles that a dynamic separation of duty keeps back.
  package let inactive: [String]
  /// When an assignment ends that this rests on: from then on it has to be worked out anew.
  package let changesAt: Instant?
  private let authority: Authority

  init(roles: [String], inactive: [String], changesAt: Instant?, authority: Authority) {
    self.roles = roles
    self.inactive = inactive
    self.changesAt = changesAt
    self.authority = authority
  }

  /// No roles.
  package static let none = ActiveRoles(roles: [], inactive: [], changesAt: nil, authority: Authority([], names: []))

  /// Sorted, each once, those of inherited roles too.
  package var permissions: [String] { authority.permissions }

  /// Whether a permission that is held covers this one.
  package func allows(_ permission: Permission) -> Bool { authority.set.allows(permission) }

  /// Whether a role is active, or inherited by one that is.
  package func holds(role name: String) -> Bool { authority.names.contains(name) }

  /// Of the permissions only these, as far as they are covered, and no role: who checks roles must not grant more.
  package func narrowed(to permissions: [Permission]) -> ActiveRoles {
    ActiveRoles(roles: [], inactive: [], changesAt: changesAt, authority: Authority(permissions.filter(allows), names: []))
  }

  package static func == (left: ActiveRoles, right: ActiveRoles) -> Bool {
    left.roles == right.roles && left.inactive == right.inactive && left.changesAt == right.changesAt
      && left.permissions == right.permissions && left.authority.names == right.authority.names
  }
}

/// What a set of roles comes to with all that it inherits: shared by everybody who has the same roles active.
final class Authority: Sendable {
  let permissions: [String]
  let names: Set<String>
  let set: PermissionSet

  init(_ permissions: some Sequence<Permission>, names: Set<String>) {
    let unique = Set(permissions)
    self.permissions = unique.map(\.text).sorted()
    self.names = names
    set = PermissionSet(unique)
  }
}

extension ActiveRoles {
  /// How long a token that is issued now may last: `lifetime`, or until the next assignment ends.
  package func lifetime(atMost lifetime: Duration, at instant: Instant) -> Duration {
    changesAt.map { min(lifetime, $0 - instant) } ?? lifetime
  }
}
