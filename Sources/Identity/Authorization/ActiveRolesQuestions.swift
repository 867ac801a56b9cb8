/// Until roles answer these themselves.
extension ActiveRoles {
  package func allows(_ permission: Permission) -> Bool {
    permissions.contains { held in held == permission.text || Self.covers(held, permission.text) }
  }

  package func holds(role name: String) -> Bool { roles.contains(name) }

  package func narrowed(to wanted: [Permission]) -> ActiveRoles {
    ActiveRoles(roles: [], permissions: wanted.filter(allows).map(\.text).sorted())
  }

  private static func covers(_ held: String, _ asked: String) -> Bool {
    guard !asked.contains("*") else { return false }
    let left = held.split(separator: ":")
    let right = asked.split(separator: ":")
    return left.count == 2 && right.count == 2
      && zip(left, right).allSatisfy { covers($0.split(separator: "/")[...], $1.split(separator: "/")[...]) }
  }

  private static func covers(_ held: ArraySlice<Substring>, _ asked: ArraySlice<Substring>) -> Bool {
    guard let first = held.first else { return asked.isEmpty }
    if first == "**" { return !asked.isEmpty }
    guard let next = asked.first, first == "*" || first == next else { return false }
    return covers(held.dropFirst(), asked.dropFirst())
  }
}
