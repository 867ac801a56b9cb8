package import Journal
package import Persistence
internal import Primitives

/// What the administration does with applications, which it knows by their identifiers.
extension Applications {
  package func application(_ id: Application.ID) async throws -> Application? {
    try await database.read { try ApplicationStore($0).application(id) }
  }

  /// In the order of their names; `after` is such a name, or empty.
  package func page(after name: String, limit: Int) async throws -> Page<Application> {
    let rows = try await database.read { try ApplicationStore($0).applications(after: name, limit: limit + 1) }
    return Page(rows, limit: limit, key: \.name)
  }

  package func change(
    _ id: Application.ID, _ change: Change, if condition: VersionCondition, by provenance: Provenance
  ) async throws -> ChangeOutcome<Application> {
    let at = now()
    return try await database.transaction { db in
      guard let old = try ApplicationStore(db).application(id) else { return .unknown }
      guard condition.holds(for: old.version) else { return .outdated }
      try apply(change, to: old, db, by: provenance, at: at)
      return try ApplicationStore(db).application(id).map { .done($0) } ?? .unknown
    }
  }

  package func delete(
    _ id: Application.ID, if condition: VersionCondition, by provenance: Provenance
  ) async throws -> ChangeOutcome<Application> {
    let at = now()
    return try await database.transaction { db in
      guard let application = try ApplicationStore(db).application(id) else { return .unknown }
      guard condition.holds(for: application.version) else { return .outdated }
      try delete(application, db, by: provenance, at: at)
      return .done(application)
    }
  }
}
