internal import Persistence
internal import Primitives

/// Who holds which role.
struct AssignmentStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// False where the holder has it already.
  func grant(_ role: Role.ID, to holder: RoleHolder, at instant: Instant) throws(DatabaseError) -> Bool {
    db.announce(holder.changed)
    return switch holder {
    case .account(let id):
      try db.row(
        """
        INSERT INTO account_role (account_id, role_id, granted_at) VALUES (\(id), \(role), \(instant))
        ON CONFLICT DO NOTHING RETURNING role_id
        """) != nil
    case .application(let id):
      try db.row(
        """
        INSERT INTO application_role (application_id, role_id, granted_at) VALUES (\(id), \(role), \(instant))
        ON CONFLICT DO NOTHING RETURNING role_id
        """) != nil
    }
  }

  /// False where the holder does not have it.
  func revoke(_ role: Role.ID, from holder: RoleHolder) throws(DatabaseError) -> Bool {
    db.announce(holder.changed)
    return switch holder {
    case .account(let id):
      try db.row("DELETE FROM account_role WHERE account_id = \(id) AND role_id = \(role) RETURNING role_id") != nil
    case .application(let id):
      try db.row("DELETE FROM application_role WHERE application_id = \(id) AND role_id = \(role) RETURNING role_id") != nil
    }
  }

  /// Names, sorted.
  func roles(of holder: RoleHolder) throws(DatabaseError) -> [String] {
    var names: [String] = []
    for row in try assigned(to: holder) { names.append(try row.text("name")) }
    return names
  }

  /// What `requested` activates, or all that is assigned where it is `nil`.
  func activate(_ requested: [String]?, of holder: RoleHolder) throws(DatabaseError) -> ActiveRoles {
    var names: [String] = []
    var permissions: Set<String> = []
    for row in try assigned(to: holder) {
      let name = try row.text("name")
      guard requested?.contains(name) ?? true else { continue }
      names.append(name)
      for permission in try RoleStore(db).permissions(of: try row.identifier("id")) { permissions.insert(permission.text) }
    }
    return ActiveRoles(roles: names, permissions: permissions.sorted())
  }

  private func assigned(to holder: RoleHolder) throws(DatabaseError) -> [Row] {
    switch holder {
    case .account(let id):
      try db.rows(
        """
        SELECT role.id, role.name FROM account_role JOIN role ON role.id = account_role.role_id
        WHERE account_role.account_id = \(id) ORDER BY role.name
        """)
    case .application(let id):
      try db.rows(
        """
        SELECT role.id, role.name FROM application_role JOIN role ON role.id = application_role.role_id
        WHERE application_role.application_id = \(id) ORDER BY role.name
        """)
    }
  }
}
