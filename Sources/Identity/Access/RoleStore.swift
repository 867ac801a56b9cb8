internal import Persistence
internal import Primitives

/// The rows of `role` and of what hangs on them.
struct RoleStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// False where the name is taken. Permissions and inheritance are written apart.
  func insert(_ role: Role, at instant: Instant) throws(DatabaseError) -> Bool {
    db.announce(.roles)
    return try db.row(
      """
      INSERT INTO role (id, name, description, is_builtin, created_at, version)
      VALUES (\(role.id), \(role.name), \(role.description), \(role.isBuiltin), \(instant), \(role.version))
      ON CONFLICT (name) DO NOTHING RETURNING id
      """) != nil
  }

  func role(_ reference: RoleReference) throws(DatabaseError) -> Role? {
    let row =
      switch reference {
      case .named(let name): try db.row("SELECT * FROM role WHERE name = \(name)")
      case .id(let id): try db.row("SELECT * FROM role WHERE id = \(id)")
      }
    guard let row else { return nil }
    return try role(from: row)
  }

  /// In the order of their names.
  func roles(after name: String, limit: Int) throws(DatabaseError) -> [Role] {
    var roles: [Role] = []
    for row in try db.rows("SELECT * FROM role WHERE name > \(name) ORDER BY name LIMIT \(limit)") { roles.append(try role(from: row)) }
    return roles
  }

  func update(_ id: Role.ID, description: String) throws(DatabaseError) {
    try db.run("UPDATE role SET description = \(description), version = version + 1 WHERE id = \(id)")
    db.announce(.roles)
  }

  func delete(_ id: Role.ID) throws(DatabaseError) {
    try db.run("DELETE FROM role WHERE id = \(id)")
    db.announce(.roles)
  }

  func allow(_ permission: Permission, _ id: Role.ID) throws(DatabaseError) {
    try db.run("INSERT INTO role_permission (role_id, permission) VALUES (\(id), \(permission.text)) ON CONFLICT DO NOTHING")
    db.announce(.roles)
  }

  func disallow(_ permission: Permission, _ id: Role.ID) throws(DatabaseError) {
    try db.run("DELETE FROM role_permission WHERE role_id = \(id) AND permission = \(permission.text)")
    db.announce(.roles)
  }

  /// Whether none of these is the administrator's role or inherits it.
  func isFree(ofAdministration roles: [Role.ID]) throws(DatabaseError) -> Bool {
    let rows = try db.rows(
      """
      WITH RECURSIVE senior (id) AS (
        SELECT id FROM role WHERE name = \(Roles.administrator)
        UNION SELECT role_inheritance.role_id FROM role_inheritance JOIN senior ON role_inheritance.inherits_id = senior.id
      )
      SELECT id FROM senior
      """)
    for row in rows {
      let senior: Role.ID = try row.identifier("id")
      if roles.contains(senior) { return false }
    }
    return true
  }

  func inherit(_ junior: Role.ID, _ id: Role.ID) throws(DatabaseError) {
    try db.run("INSERT INTO role_inheritance (role_id, inherits_id) VALUES (\(id), \(junior)) ON CONFLICT DO NOTHING")
    db.announce(.roles)
  }

  func disinherit(_ junior: Role.ID, _ id: Role.ID) throws(DatabaseError) {
    try db.run("DELETE FROM role_inheritance WHERE role_id = \(id) AND inherits_id = \(junior)")
    db.announce(.roles)
  }

  /// Which bound the tables are beyond, `nil` where they are within all.
  func exceededLimit() throws(DatabaseError) -> String? {
    if try count("SELECT COUNT(*) AS count FROM role") > RoleLimits.roles { return "\(RoleLimits.roles) roles" }
    if try count("SELECT COUNT(*) AS count FROM role_permission") > RoleLimits.permissionsInAll {
      return "\(RoleLimits.permissionsInAll) permissions of all roles together"
    }
    guard try count("SELECT COUNT(*) AS count FROM role_inheritance") > RoleLimits.inheritedInAll else { return nil }
    return "\(RoleLimits.inheritedInAll) inheritances of all roles together"
  }

  private func count(_ sql: SQL) throws(DatabaseError) -> Int { Int(try db.row(sql)?.integer("count") ?? 0) }

  private func role(from row: Row) throws(DatabaseError) -> Role {
    let id: Role.ID = try row.identifier("id")
    var permissions: [Permission] = []
    for row in try db.rows("SELECT permission FROM role_permission WHERE role_id = \(id) ORDER BY permission") {
      if let permission = Permission(try row.text("permission")) { permissions.append(permission) }
    }
    var inherits: [String] = []
    let juniors = try db.rows(
      """
      SELECT role.name FROM role_inheritance JOIN role ON role.id = role_inheritance.inherits_id
      WHERE role_inheritance.role_id = \(id) ORDER BY role.name
      """)
    for row in juniors { inherits.append(try row.text("name")) }
    return Role(
      id: id, name: try row.text("name"), description: try row.text("description"), isBuiltin: try row.boolean("is_builtin"),
      permissions: permissions, inherits: inherits, version: try row.integer("version"))
  }
}
