internal import Persistence
internal import Primitives

/// The rows of `role` and of what hangs on them.
struct RoleStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// False where the name is taken.
  func insert(_ role: Role, at instant: Instant) throws(DatabaseError) -> Bool {
    let inserted = try db.row(
      """
      INSERT INTO role (id, name, description, is_builtin, created_at)
      VALUES (\(role.id), \(role.name), \(role.description), \(role.isBuiltin), \(instant)) ON CONFLICT (name) DO NOTHING RETURNING id
      """)
    guard inserted != nil else { return false }
    for permission in role.permissions { _ = try allow(permission, role.id) }
    return true
  }

  func role(named name: String) throws(DatabaseError) -> Role? {
    guard let row = try db.row("SELECT * FROM role WHERE name = \(name)") else { return nil }
    return try role(from: row)
  }

  func roles() throws(DatabaseError) -> [Role] {
    var roles: [Role] = []
    for row in try db.rows("SELECT * FROM role ORDER BY name") { roles.append(try role(from: row)) }
    return roles
  }

  func delete(_ id: Role.ID) throws(DatabaseError) {
    try db.run("DELETE FROM role WHERE id = \(id)")
    db.announce(.roles)
  }

  /// False where the role holds it already.
  func allow(_ permission: Permission, _ id: Role.ID) throws(DatabaseError) -> Bool {
    db.announce(.roles)
    return try db.row(
      "INSERT INTO role_permission (role_id, permission) VALUES (\(id), \(permission.text)) ON CONFLICT DO NOTHING RETURNING role_id")
      != nil
  }

  /// False where the role does not hold it.
  func disallow(_ permission: Permission, _ id: Role.ID) throws(DatabaseError) -> Bool {
    db.announce(.roles)
    return try db.row("DELETE FROM role_permission WHERE role_id = \(id) AND permission = \(permission.text) RETURNING role_id") != nil
  }

  func permissions(of id: Role.ID) throws(DatabaseError) -> [Permission] {
    var permissions: [Permission] = []
    for row in try db.rows("SELECT permission FROM role_permission WHERE role_id = \(id) ORDER BY permission") {
      if let permission = Permission(try row.text("permission")) { permissions.append(permission) }
    }
    return permissions
  }

  private func role(from row: Row) throws(DatabaseError) -> Role {
    let id: Role.ID = try row.identifier("id")
    return Role(
      id: id, name: try row.text("name"), description: try row.text("description"), isBuiltin: try row.boolean("is_builtin"),
      permissions: try permissions(of: id))
  }
}
