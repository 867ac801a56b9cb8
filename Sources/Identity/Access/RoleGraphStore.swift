internal import Persistence
internal import Primitives

/// Reads what a `RoleGraph` is made of.
struct RoleGraphStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  func graph() throws(DatabaseError) -> RoleGraph {
    var permissions: [Role.ID: [Permission]] = [:]
    for row in try db.rows("SELECT role_id, permission FROM role_permission") {
      guard let permission = Permission(try row.text("permission")) else { continue }
      permissions[try row.identifier("role_id"), default: []].append(permission)
    }
    let juniors = try hierarchy().juniors
    var nodes: [RoleGraph.Node] = []
    for row in try db.rows("SELECT id, name FROM role") {
      let id: Role.ID = try row.identifier("id")
      nodes.append(
        RoleGraph.Node(id: id, name: try row.text("name"), permissions: permissions[id] ?? [], juniors: juniors[id] ?? []))
    }
    return RoleGraph(nodes, separations: try dynamicSeparations())
  }

  func hierarchy() throws(DatabaseError) -> RoleHierarchy {
    var juniors: [Role.ID: [Role.ID]] = [:]
    for row in try db.rows("SELECT role_id, inherits_id FROM role_inheritance") {
      juniors[try row.identifier("role_id"), default: []].append(try row.identifier("inherits_id"))
    }
    return RoleHierarchy(juniors: juniors)
  }

  private func dynamicSeparations() throws(DatabaseError) -> [[Role.ID]] {
    var sets: [[UInt8]: [Role.ID]] = [:]
    let rows = try db.rows(
      """
      SELECT separation_role.separation_id, separation_role.role_id
      FROM separation JOIN separation_role ON separation_role.separation_id = separation.id
      WHERE separation.kind = \(Separation.Kind.dynamic.rawValue)
      """)
    for row in rows { sets[try row.bytes("separation_id"), default: []].append(try row.identifier("role_id")) }
    return Array(sets.values)
  }
}

/// Who inherits whom.
struct RoleHierarchy: Sendable {
  /// The roles that each role inherits itself.
  let juniors: [Role.ID: [Role.ID]]

  /// Whether a role inherits itself, by whatever way.
  func isCyclic(at role: Role.ID) -> Bool {
    var found: Set<Role.ID> = []
    var waiting = juniors[role] ?? []
    while let next = waiting.popLast() {
      if next == role { return true }
      if found.insert(next).inserted { waiting += juniors[next] ?? [] }
    }
    return false
  }

  /// The most steps from any role down to another. To be asked only where there is no cycle; answers at most one more than `limit`.
  func depth(limit: Int) -> Int {
    // Level by level: what is still there after n rounds has a way of n steps above it.
    var level = Set(juniors.keys)
    for depth in 0...limit {
      level = level.reduce(into: []) { $0.formUnion(juniors[$1] ?? []) }
      if level.isEmpty { return depth }
    }
    return limit + 1
  }
}
