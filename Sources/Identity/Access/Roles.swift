package import Journal
package import Persistence
package import Primitives

/// Making, changing and ending roles; who holds them is in `RoleGrants`.
package struct Roles: Sendable {
  let database: any Database
  let now: Now

  package init(database: any Database, now: Now) {
    self.database = database
    self.now = now
  }

  package typealias Outcome = RoleOutcome

  package static let administrator = "admin"

  /// The roles that every database has: `admin`, which may do everything with the server itself.
  package func makeBuiltin() async throws {
    guard let permission = Permission("cf/**:*") else { return }
    let at = now()
    try await database.transaction { db in
      guard try RoleStore(db).role(.named(Self.administrator)) == nil else { return }
      let role = Role(
        id: Role.ID(at: at), name: Self.administrator, description: "Administers this server.", isBuiltin: true,
        permissions: [permission], inherits: [], version: 1)
      guard try RoleStore(db).insert(role, at: at) else { return }
      try RoleStore(db).allow(permission, role.id)
      try AuditLog(db).append(.role("created", role.name), by: .system, at: at)
    }
  }

  package func add(
    _ name: String, description: String, permissions: [Permission], inherits: [String] = [], by provenance: Provenance
  ) async throws -> Outcome {
    guard Role.isName(name) else { return .invalidName }
    let at = now()
    let empty = Role(
      id: Role.ID(at: at), name: name, description: description, isBuiltin: false, permissions: [], inherits: [], version: 1)
    return try await database.outcome { db in
      guard try RoleStore(db).insert(empty, at: at) else { return .nameTaken }
      var wanted = RoleDraft(empty)
      wanted.permissions = Set(permissions)
      wanted.inherits = Set(inherits)
      try write(wanted, over: empty, db, at: at)
      let event = AuditEvent(
        "role.created", subject: "role:\(name)", named: ["description": description],
        changes: RoleDraft(empty).differences(to: wanted))
      try AuditLog(db).append(event ?? .role("created", name), by: provenance, at: at)
      return .done
    }
  }

  package func delete(
    _ role: RoleReference, if condition: VersionCondition = .any, by provenance: Provenance
  ) async throws -> Outcome {
    let at = now()
    return try await database.outcome { db in
      guard let role = try RoleStore(db).role(role) else { return .unknownRole }
      guard !role.isBuiltin else { return .builtin }
      guard condition.holds(for: role.version) else { return .outdated }
      try Administrators(db).keep { try RoleStore(db).delete(role.id) }
      try UserKeyStore(db).forget(role: role.name)
      try AuditLog(db).append(.role("deleted", role.name), by: provenance, at: at)
      for separation in try SeparationStore(db).idle() {
        try SeparationStore(db).delete(separation.id)
        try AuditLog(db).append(.separation("deleted", separation), by: provenance, at: at)
      }
      return .done
    }
  }

  package func list() async throws -> [Role] { try await database.read { try RoleStore($0).roles(after: "", limit: RoleLimits.roles) } }

  /// Those of these names that no role has.
  package func missing(of names: [String]) async throws -> [String] {
    try await database.read { db in try names.filter { try RoleStore(db).role(.named($0)) == nil } }
  }

  /// In the order of their names; `after` is such a name, or empty.
  package func page(after name: String, limit: Int) async throws -> Page<Role> {
    let rows = try await database.read { try RoleStore($0).roles(after: name, limit: limit + 1) }
    return Page(rows, limit: limit, key: \.name)
  }

  package func role(_ reference: RoleReference) async throws -> Role? { try await database.read { try RoleStore($0).role(reference) } }
}

extension AuditEvent {
  static func role(_ verb: String, _ name: String, _ detail: KeyValuePairs<String, String> = [:]) -> AuditEvent {
    AuditEvent("role.\(verb)", subject: "role:\(name)", detail)
  }

  static func separation(_ verb: String, _ separation: Separation) -> AuditEvent {
    AuditEvent(
      "separation.\(verb)", subject: "separation:\(separation.name)",
      ["kind": separation.kind.rawValue, "roles": separation.roles.joined(separator: " ")])
  }
}
