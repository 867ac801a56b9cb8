package import Journal
package import Persistence
package import Primitives

/// Making roles, giving them permissions, granting them.
package struct Roles: Sendable {
  private let database: any Database
  private let now: Now

  package init(database: any Database, now: Now) {
    self.database = database
    self.now = now
  }

  package enum Outcome: Sendable, Equatable {
    case done
    /// It was so already.
    case unchanged
    case unknownRole
    case unknownHolder
    case nameTaken
    case invalidName
    case builtin
  }

  package static let administrator = "admin"

  /// The roles that every database has: `admin`, which may do everything with the server itself.
  package func makeBuiltin() async throws {
    guard let permission = Permission("cf/**:*") else { return }
    let at = now()
    try await database.transaction { db in
      let role = Role(
        id: Role.ID(at: at), name: Self.administrator, description: "Administers this server.", isBuiltin: true,
        permissions: [permission])
      if try RoleStore(db).role(named: role.name) == nil, try RoleStore(db).insert(role, at: at) {
        try AuditLog(db).append(.role("created", role.name), by: .system, at: at)
      }
    }
  }

  package func add(
    _ name: String, description: String, permissions: [Permission], by provenance: Provenance
  ) async throws -> Outcome {
    guard Role.isName(name) else { return .invalidName }
    let at = now()
    let role = Role(
      id: Role.ID(at: at), name: name, description: description, isBuiltin: false, permissions: Array(Set(permissions)).sorted())
    let list = role.permissions.map(\.text).joined(separator: " ")
    return try await database.transaction { db in
      guard try RoleStore(db).insert(role, at: at) else { return .nameTaken }
      try AuditLog(db).append(.role("created", name, ["permissions": list]), by: provenance, at: at)
      return .done
    }
  }

  package func delete(_ name: String, by provenance: Provenance) async throws -> Outcome {
    try await change(name, by: provenance) { db, role in
      try RoleStore(db).delete(role.id)
      return .role("deleted", name)
    }
  }

  package func allow(_ permission: Permission, to name: String, by provenance: Provenance) async throws -> Outcome {
    try await change(name, by: provenance) { db, role in
      try RoleStore(db).allow(permission, role.id) ? .role("allowed", name, ["permission": permission.text]) : nil
    }
  }

  package func disallow(_ permission: Permission, from name: String, by provenance: Provenance) async throws -> Outcome {
    try await change(name, by: provenance) { db, role in
      try RoleStore(db).disallow(permission, role.id) ? .role("disallowed", name, ["permission": permission.text]) : nil
    }
  }

  package func grant(_ name: String, to holder: RoleHolder, by provenance: Provenance) async throws -> Outcome {
    try await assign(name, holder, "granted", by: provenance) { db, role, at in
      try AssignmentStore(db).grant(role, to: holder, at: at)
    }
  }

  package func revoke(_ name: String, from holder: RoleHolder, by provenance: Provenance) async throws -> Outcome {
    try await assign(name, holder, "revoked", by: provenance) { db, role, _ in
      try AssignmentStore(db).revoke(role, from: holder)
    }
  }

  package func list() async throws -> [Role] { try await database.read { try RoleStore($0).roles() } }

  package func role(named name: String) async throws -> Role? { try await database.read { try RoleStore($0).role(named: name) } }

  package func roles(of holder: RoleHolder) async throws -> [String] {
    try await database.read { try AssignmentStore($0).roles(of: holder) }
  }

  /// A change of the role itself. `body` returns the entry for the record, `nil` where nothing changed.
  private func change(
    _ name: String, by provenance: Provenance, _ body: @escaping @Sendable (any Transaction, Role) throws -> AuditEvent?
  ) async throws -> Outcome {
    let at = now()
    return try await database.transaction { db in
      guard let role = try RoleStore(db).role(named: name) else { return .unknownRole }
      guard !role.isBuiltin else { return .builtin }
      guard let event = try body(db, role) else { return .unchanged }
      try AuditLog(db).append(event, by: provenance, at: at)
      return .done
    }
  }

  private func assign(
    _ name: String, _ holder: RoleHolder, _ verb: String, by provenance: Provenance,
    _ body: @escaping @Sendable (any Transaction, Role.ID, Instant) throws -> Bool
  ) async throws -> Outcome {
    let at = now()
    return try await database.transaction { db in
      guard let role = try RoleStore(db).role(named: name) else { return .unknownRole }
      guard try exists(holder, db) else { return .unknownHolder }
      guard try body(db, role.id, at) else { return .unchanged }
      try AuditLog(db).append(.role(verb, name, ["holder": holder.subject]), by: provenance, at: at)
      return .done
    }
  }

  private func exists(_ holder: RoleHolder, _ db: any Transaction) throws -> Bool {
    switch holder {
    case .account(let id): try AccountStore(db).account(id) != nil
    case .application(let id): try ApplicationStore(db).application(id) != nil
    }
  }
}

extension AuditEvent {
  fileprivate static func role(_ verb: String, _ name: String, _ detail: KeyValuePairs<String, String> = [:]) -> AuditEvent {
    AuditEvent("role.\(verb)", subject: "role:\(name)", detail)
  }
}
