package import Persistence
package import Primitives

/// What an application may do.
package struct ApplicationRoles: Sendable {
  private let database: any Database
  private let roles: LiveRoleGraph

  package init(database: any Database, roles: LiveRoleGraph) {
    self.database = database
    self.roles = roles
  }

  /// In a token for `audience`.
  package func active(of application: Application.ID, audience: String, at instant: Instant) async throws -> ActiveRoles {
    let graph = try await roles.current()
    return try await database.read { db in
      try AssignmentStore(db).activate(
        nil, of: .application(application), graph, application: application, audience: audience, at: instant)
    }
  }
}
