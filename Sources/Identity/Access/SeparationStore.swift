internal import Persistence
internal import Primitives

/// The rows of `separation`, and whether anybody is at odds with them.
struct SeparationStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// False where the name is taken.
  func insert(_ separation: Separation, roles: [Role.ID]) throws(DatabaseError) -> Bool {
    let inserted = try db.row(
      """
      INSERT INTO separation (id, name, kind, created_at)
      VALUES (\(separation.id), \(separation.name), \(separation.kind.rawValue), \(separation.createdAt))
      ON CONFLICT (name) DO NOTHING RETURNING id
      """)
    guard inserted != nil else { return false }
    for role in roles { try db.run("INSERT INTO separation_role (separation_id, role_id) VALUES (\(separation.id), \(role))") }
    db.announce(.roles)
    return true
  }

  func separation(_ reference: SeparationReference) throws(DatabaseError) -> Separation? {
    let row =
      switch reference {
      case .named(let name): try db.row("SELECT * FROM separation WHERE name = \(name)")
      case .id(let id): try db.row("SELECT * FROM separation WHERE id = \(id)")
      }
    guard let row else { return nil }
    return try separation(from: row)
  }

  /// In the order of their names.
  func separations(after name: String, limit: Int) throws(DatabaseError) -> [Separation] {
    var separations: [Separation] = []
    for row in try db.rows("SELECT * FROM separation WHERE name > \(name) ORDER BY name LIMIT \(limit)") {
      separations.append(try separation(from: row))
    }
    return separations
  }

  func delete(_ id: Separation.ID) throws(DatabaseError) {
    try db.run("DELETE FROM separation WHERE id = \(id)")
    db.announce(.roles)
  }

  /// Those that have no two roles left to keep apart.
  func idle() throws(DatabaseError) -> [Separation] {
    var separations: [Separation] = []
    let rows = try db.rows(
      """
      SELECT separation.* FROM separation
      WHERE (SELECT COUNT(*) FROM separation_role WHERE separation_role.separation_id = separation.id) < 2 ORDER BY separation.name
      """)
    for row in rows { separations.append(try separation(from: row)) }
    return separations
  }

  /// A static separation of which this holder is authorised for more than one role; its name.
  func violation(by holder: RoleHolder, at instant: Instant) throws(DatabaseError) -> String? {
    switch holder {
    case .account(let id):
      try db.row(
        """
        SELECT separation.name FROM account_role
        JOIN separation_reach ON separation_reach.role_id = account_role.role_id
        JOIN separation ON separation.id = separation_reach.separation_id
        WHERE account_role.account_id = \(id) AND separation.kind = 'static'
          AND (account_role.expires_at IS NULL OR account_role.expires_at > \(instant))
        GROUP BY separation.name HAVING COUNT(DISTINCT separation_reach.member_id) > 1 ORDER BY separation.name LIMIT 1
        """)?.text("name")
    case .application(let id):
      try db.row(
        """
        SELECT separation.name FROM application_role
        JOIN separation_reach ON separation_reach.role_id = application_role.role_id
        JOIN separation ON separation.id = separation_reach.separation_id
        WHERE application_role.application_id = \(id) AND separation.kind = 'static'
          AND (application_role.expires_at IS NULL OR application_role.expires_at > \(instant))
        GROUP BY separation.name HAVING COUNT(DISTINCT separation_reach.member_id) > 1 ORDER BY separation.name LIMIT 1
        """)?.text("name")
    }
  }

  /// A separation that a role by itself, with what it inherits, or anybody's assignments are at odds with. What a role could never be
  /// granted or activated for is refused when the role or the separation is made.
  func violation(at instant: Instant) throws(DatabaseError) -> RoleOutcome? {
    if let row = try db.row(
      """
      SELECT separation.name FROM separation_reach JOIN separation ON separation.id = separation_reach.separation_id
      GROUP BY separation.name, separation_reach.role_id HAVING COUNT(DISTINCT separation_reach.member_id) > 1
      ORDER BY separation.name LIMIT 1
      """)
    {
      return .separationOfDuty(try row.text("name"))
    }
    var row = try db.row(
      """
      SELECT separation.name, account.username AS holder FROM separation
      JOIN separation_reach ON separation_reach.separation_id = separation.id
      JOIN account_role ON account_role.role_id = separation_reach.role_id JOIN account ON account.id = account_role.account_id
      WHERE separation.kind = 'static' AND (account_role.expires_at IS NULL OR account_role.expires_at > \(instant))
      GROUP BY separation.name, account.username HAVING COUNT(DISTINCT separation_reach.member_id) > 1
      ORDER BY separation.name, account.username LIMIT 1
      """)
    if row == nil {
      row = try db.row(
        """
        SELECT separation.name, application.name AS holder FROM separation
        JOIN separation_reach ON separation_reach.separation_id = separation.id
        JOIN application_role ON application_role.role_id = separation_reach.role_id
        JOIN application ON application.id = application_role.application_id
        WHERE separation.kind = 'static' AND (application_role.expires_at IS NULL OR application_role.expires_at > \(instant))
        GROUP BY separation.name, application.name HAVING COUNT(DISTINCT separation_reach.member_id) > 1
        ORDER BY separation.name, application.name LIMIT 1
        """)
    }
    guard let row else { return nil }
    return .separationHeld(try row.text("name"), by: try row.text("holder"))
  }

  private func separation(from row: Row) throws(DatabaseError) -> Separation {
    let id: Separation.ID = try row.identifier("id")
    guard let kind = Separation.Kind(rawValue: try row.text("kind")) else { throw .unexpectedValue(column: "kind") }
    var roles: [String] = []
    let rows = try db.rows(
      """
      SELECT role.name FROM separation_role JOIN role ON role.id = separation_role.role_id
      WHERE separation_role.separation_id = \(id) ORDER BY role.name
      """)
    for row in rows { roles.append(try row.text("name")) }
    return Separation(
      id: id, name: try row.text("name"), kind: kind, roles: roles, createdAt: try row.instant("created_at"))
  }
}
