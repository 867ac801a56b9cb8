internal import Persistence
internal import Primitives

/// Who holds which role, and on what terms.
struct AssignmentStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// Replaces the terms where the holder has the role already.
  func put(_ role: Role.ID, _ terms: Assignment.Terms, to holder: RoleHolder, at instant: Instant) throws(DatabaseError) {
    switch holder {
    case .account(let id):
      try db.run(
        """
        INSERT INTO account_role (account_id, role_id, granted_at, expires_at, application_id, audience)
        VALUES (\(id), \(role), \(instant), \(terms.expiresAt), \(terms.application), \(terms.audience))
        ON CONFLICT (account_id, role_id) DO UPDATE SET granted_at = excluded.granted_at, expires_at = excluded.expires_at,
          application_id = excluded.application_id, audience = excluded.audience
        """)
    case .application(let id):
      try db.run(
        """
        INSERT INTO application_role (application_id, role_id, granted_at, expires_at, audience)
        VALUES (\(id), \(role), \(instant), \(terms.expiresAt), \(terms.audience))
        ON CONFLICT (application_id, role_id) DO UPDATE SET granted_at = excluded.granted_at, expires_at = excluded.expires_at,
          audience = excluded.audience
        """)
    }
    db.announce(holder.changed)
  }

  func revoke(_ role: Role.ID, from holder: RoleHolder) throws(DatabaseError) {
    switch holder {
    case .account(let id): try db.run("DELETE FROM account_role WHERE account_id = \(id) AND role_id = \(role)")
    case .application(let id): try db.run("DELETE FROM application_role WHERE application_id = \(id) AND role_id = \(role)")
    }
    db.announce(holder.changed)
  }

  /// Forgets what has ended, so that no clock which is set back brings it to life again beside what was granted meanwhile.
  func deleteEnded(of holder: RoleHolder, at instant: Instant) throws(DatabaseError) {
    switch holder {
    case .account(let id): try db.run("DELETE FROM account_role WHERE account_id = \(id) AND expires_at <= \(instant)")
    case .application(let id): try db.run("DELETE FROM application_role WHERE application_id = \(id) AND expires_at <= \(instant)")
    }
  }

  /// In the order of the roles' names; those that have ended too.
  func assignments(of holder: RoleHolder) throws(DatabaseError) -> [Assignment] {
    let rows =
      switch holder {
      case .account(let id):
        try db.rows(
          """
          SELECT role.id, role.name, account_role.granted_at, account_role.expires_at, account_role.application_id,
            account_role.audience
          FROM account_role JOIN role ON role.id = account_role.role_id
          WHERE account_role.account_id = \(id) ORDER BY role.name
          """)
      case .application(let id):
        try db.rows(
          """
          SELECT role.id, role.name, application_role.granted_at, application_role.expires_at, NULL AS application_id,
            application_role.audience
          FROM application_role JOIN role ON role.id = application_role.role_id
          WHERE application_role.application_id = \(id) ORDER BY role.name
          """)
      }
    var assignments: [Assignment] = []
    for row in rows {
      assignments.append(
        Assignment(
          role: try row.identifier("id"), roleName: try row.text("name"),
          terms: Assignment.Terms(
            expiresAt: try row.instantIfPresent("expires_at"), application: try row.identifierIfPresent("application_id"),
            audience: try row.textIfPresent("audience")), grantedAt: try row.instant("granted_at")))
    }
    return assignments
  }

  /// What `requested` activates of what counts for a session of `application` with `audience`, or everything where it is `nil`.
  /// `graph` is taken before the transaction (`LiveRoleGraph`).
  func activate(
    _ requested: [String]?, of holder: RoleHolder, _ graph: RoleGraph, application: Application.ID?, audience: String?,
    at instant: Instant
  ) throws(DatabaseError) -> ActiveRoles {
    graph.activate(
      assigned: try assignments(of: holder), requested: requested, application: application, audience: audience, at: instant)
  }

  /// Of a session.
  func activate(_ session: Session, _ graph: RoleGraph, at instant: Instant) throws(DatabaseError) -> ActiveRoles {
    try activate(
      session.requestedRoles, of: .account(session.account), graph, application: session.application, audience: session.audience,
      at: instant)
  }
}
