package import Journal
package import Persistence
package import Primitives

/// A separation by its name or its identifier.
package enum SeparationReference: Sendable, Equatable, ExpressibleByStringLiteral {
  case named(String)
  case id(Separation.ID)

  package init(stringLiteral name: String) { self = .named(name) }
}

/// Making, listing and ending separations of duty.
package struct Separations: Sendable {
  private let database: any Database
  private let now: Now

  package init(database: any Database, now: Now) {
    self.database = database
    self.now = now
  }

  /// Of `roles`, names, at most one goes together. Refused where that is not so already.
  package func add(
    _ name: String, _ kind: Separation.Kind, _ roles: [String], by provenance: Provenance
  ) async throws -> RoleOutcome {
    guard Role.isName(name) else { return .invalidName }
    let names = Array(Set(roles)).sorted()
    guard RoleLimits.separated.contains(names.count) else {
      return .wrongCount
    }
    let at = now()
    let separation = Separation(id: Separation.ID(at: at), name: name, kind: kind, roles: names, createdAt: at)
    return try await database.outcome { db in
      var members: [Role.ID] = []
      for name in names {
        guard let role = try RoleStore(db).role(.named(name)) else { return .unknownOther(name) }
        members.append(role.id)
      }
      // Of a dynamic set nothing is active where more than one is held: a grant of another member would strip an administrator.
      if kind == .dynamic, try !RoleStore(db).isFree(ofAdministration: members) { return .builtin }
      let store = SeparationStore(db)
      guard try store.separations(after: "", limit: RoleLimits.separations).count < RoleLimits.separations else {
        return .tooMany("\(RoleLimits.separations) separations")
      }
      guard try store.insert(separation, roles: members) else { return .nameTaken }
      if let violation = try store.violation(at: at) { throw violation }
      try AuditLog(db).append(.separation("created", separation), by: provenance, at: at)
      return .done
    }
  }

  package func delete(_ reference: SeparationReference, by provenance: Provenance) async throws -> RoleOutcome {
    let at = now()
    return try await database.outcome { db in
      guard let separation = try SeparationStore(db).separation(reference) else { return .unknownSeparation }
      try SeparationStore(db).delete(separation.id)
      try AuditLog(db).append(.separation("deleted", separation), by: provenance, at: at)
      return .done
    }
  }

  package func list() async throws -> [Separation] {
    try await database.read { try SeparationStore($0).separations(after: "", limit: RoleLimits.separations) }
  }

  /// In the order of their names; `after` is such a name, or empty.
  package func page(after name: String, limit: Int) async throws -> Page<Separation> {
    let rows = try await database.read { try SeparationStore($0).separations(after: name, limit: limit + 1) }
    return Page(rows, limit: limit, key: \.name)
  }

  package func separation(_ reference: SeparationReference) async throws -> Separation? {
    try await database.read { try SeparationStore($0).separation(reference) }
  }
}
