package import Persistence
internal import Primitives

/// What an application may do.
package struct ApplicationRoles: Sendable {
  private let database: any Database

  package init(database: any Database) { self.database = database }

  package func active(of application: Application.ID) async throws -> ActiveRoles {
    try await database.read { try AssignmentStore($0).activate(nil, of: .application(application)) }
  }
}
