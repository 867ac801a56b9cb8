package import Journal
internal import Persistence
internal import Primitives

extension Roles {
  /// What becomes of a role; `nil` leaves a member as it is. Names of roles in `inherits`.
  package struct Change: Sendable {
    package var description: String?
    package var permissions: [Permission]?
    package var inherits: [String]?

    package init(description: String? = nil, permissions: [Permission]? = nil, inherits: [String]? = nil) {
      self.description = description
      self.permissions = permissions
      self.inherits = inherits
    }
  }

  package func change(
    _ role: RoleReference, _ change: Change, if condition: VersionCondition = .any, by provenance: Provenance
  ) async throws -> Outcome {
    try await self.change(role, if: condition, by: provenance) { draft in
      draft.description = change.description ?? draft.description
      draft.permissions = change.permissions.map { Set($0) } ?? draft.permissions
      draft.inherits = change.inherits.map { Set($0) } ?? draft.inherits
    }
  }

  package func allow(_ permission: Permission, to role: RoleReference, by provenance: Provenance) async throws -> Outcome {
    try await change(role, by: provenance) { $0.permissions.insert(permission) }
  }

  package func disallow(_ permission: Permission, from role: RoleReference, by provenance: Provenance) async throws -> Outcome {
    try await change(role, by: provenance) { $0.permissions.remove(permission) }
  }

  package func inherit(_ junior: String, by role: RoleReference, by provenance: Provenance) async throws -> Outcome {
    try await change(role, by: provenance) { $0.inherits.insert(junior) }
  }

  package func disinherit(_ junior: String, by role: RoleReference, by provenance: Provenance) async throws -> Outcome {
    try await change(role, by: provenance) { $0.inherits.remove(junior) }
  }

  private func change(
    _ reference: RoleReference, if condition: VersionCondition = .any, by provenance: Provenance,
    _ edit: @escaping @Sendable (inout RoleDraft) -> Void
  ) async throws -> Outcome {
    let at = now()
    return try await database.outcome { db in
      guard let role = try RoleStore(db).role(reference) else { return .unknownRole }
      guard !role.isBuiltin else { return .builtin }
      guard condition.holds(for: role.version) else { return .outdated }
      let old = RoleDraft(role)
      var new = old
      edit(&new)
      let event = AuditEvent("role.changed", subject: "role:\(role.name)", named: [:], changes: old.differences(to: new))
      guard let event else { return .unchanged }
      try Administrators(db).keep { try write(new, over: role, db, at: at) }
      try AuditLog(db).append(event, by: provenance, at: at)
      return .done
    }
  }

  /// Writes what differs and looks at the whole; throws the outcome that undoes it.
  func write(_ draft: RoleDraft, over role: Role, _ db: any Transaction, at instant: Instant) throws {
    guard draft.description.utf8.count <= RoleLimits.description else { throw RoleOutcome.invalidDescription }
    guard draft.permissions.count <= RoleLimits.permissions else {
      throw RoleOutcome.tooMany("\(RoleLimits.permissions) permissions of one role")
    }
    guard draft.inherits.count <= RoleLimits.inherited else {
      throw RoleOutcome.tooMany("\(RoleLimits.inherited) roles that one role inherits")
    }
    guard !draft.inherits.contains(role.name) else { throw RoleOutcome.cycle }
    let store = RoleStore(db)
    let old = RoleDraft(role)
    for permission in draft.permissions.subtracting(old.permissions) { try store.allow(permission, role.id) }
    for permission in old.permissions.subtracting(draft.permissions) { try store.disallow(permission, role.id) }
    let added = draft.inherits.subtracting(old.inherits)
    for name in added.sorted() {
      guard let junior = try store.role(.named(name)) else { throw RoleOutcome.unknownOther(name) }
      try store.inherit(junior.id, role.id)
    }
    for name in old.inherits.subtracting(draft.inherits) {
      if let junior = try store.role(.named(name)) { try store.disinherit(junior.id, role.id) }
    }
    try store.update(role.id, description: draft.description)
    if let limit = try store.exceededLimit() { throw RoleOutcome.tooMany(limit) }
    if !added.isEmpty { try judgeHierarchy(of: role.id, db, at: instant) }
  }

  /// Looked at inside the transaction, so that of two parallel changes which together make a cycle only one is made.
  private func judgeHierarchy(of role: Role.ID, _ db: any Transaction, at instant: Instant) throws {
    let hierarchy = try RoleGraphStore(db).hierarchy()
    guard !hierarchy.isCyclic(at: role) else { throw RoleOutcome.cycle }
    guard hierarchy.depth(limit: RoleLimits.depth) <= RoleLimits.depth else { throw RoleOutcome.tooDeep }
    if let violation = try SeparationStore(db).violation(at: instant) { throw violation }
  }
}

/// What may be changed of a role.
struct RoleDraft: Sendable {
  var description: String
  var permissions: Set<Permission>
  var inherits: Set<String>

  init(_ role: Role) {
    description = role.description
    permissions = Set(role.permissions)
    inherits = Set(role.inherits)
  }

  /// Of each member what it was and what it becomes, for the record.
  func differences(to new: RoleDraft) -> [(String, String?, String?)] {
    var differences: [(String, String?, String?)] = [("description", description, new.description)]
    if permissions != new.permissions {
      differences.append(("permissions", Self.listed(permissions.map(\.text)), Self.listed(new.permissions.map(\.text))))
    }
    if inherits != new.inherits { differences.append(("inherits", Self.listed(Array(inherits)), Self.listed(Array(new.inherits)))) }
    // Lists that are cut alike still differ.
    return differences.map { $0.1 == $0.2 && $0.0 != "description" ? ($0.0, $0.1, ($0.2 ?? "") + " (others of them)") : $0 }
  }

  /// The record has room for some; a thousand permissions are counted.
  private static func listed(_ names: [String]) -> String {
    let sorted = names.sorted()
    guard sorted.count > 100 else { return sorted.joined(separator: " ") }
    return sorted.prefix(100).joined(separator: " ") + " … \(sorted.count) in all"
  }
}
