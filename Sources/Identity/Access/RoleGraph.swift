package import Primitives
private import Synchronization

/// All roles with their permissions, hierarchy and dynamic separations, as they were at one moment: what decides which roles are
/// active, and what they come to. Pure; nothing in it changes but a bounded memory of what it has worked out.
package final class RoleGraph: Sendable {
  struct Node: Sendable {
    let id: Role.ID
    let name: String
    let permissions: [Permission]
    /// The roles that it inherits itself.
    let juniors: [Role.ID]
  }

  private let nodes: [Node]
  private let positions: [Role.ID: Int]
  private let named: [String: Int]
  private let juniors: [[Int]]
  /// The roles of each dynamic separation.
  private let separations: [Set<Int>]
  // A mutex: held to look into or to add to a dictionary.
  private let known = Mutex(Memory())

  /// `separations` are the dynamic ones. Who names a role that is not there names nothing.
  init(_ roles: [Node], separations: [[Role.ID]]) {
    let sorted = roles.sorted { $0.name < $1.name }
    let positions = Dictionary(sorted.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    nodes = sorted
    self.positions = positions
    named = Dictionary(sorted.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    juniors = sorted.map { $0.juniors.compactMap { positions[$0] } }
    self.separations = separations.map { Set($0.compactMap { positions[$0] }) }
  }

  /// What becomes active of what is assigned.
  ///
  /// Without `requested`, every role whose assignment counts here and now; with it, only those, which may also be inherited by an
  /// assigned one (INCITS 359: a user may activate every role that they are authorised for). Where two roles of a dynamic
  /// separation would be active together, a role bringing with it those that it inherits, none that brings one of them is, and
  /// all of these stand in `inactive`.
  package func activate(
    assigned: [Assignment], requested: [String]?, application: Application.ID?, audience: String?, at instant: Instant
  ) -> ActiveRoles {
    var counting: [(position: Int, expiresAt: Instant?)] = []
    for assignment in assigned where assignment.terms.count(for: application, audience, at: instant) {
      if let position = positions[assignment.role] { counting.append((position, assignment.terms.expiresAt)) }
    }
    guard let requested else {
      let changesAt = counting.compactMap(\.expiresAt).min()
      return activate(Set(counting.map(\.position)), changesAt: changesAt)
    }
    let authorised = closure(counting.map(\.position))
    let candidates = Set(requested.compactMap { named[$0] }.filter(authorised.contains))
    let ends = counting.compactMap { entry in
      entry.expiresAt.flatMap { closure([entry.position]).isDisjoint(with: candidates) ? nil : $0 }
    }
    return activate(candidates, changesAt: ends.min())
  }

  /// The first of `requested` that no assignment which counts here and now authorises for.
  package func firstMissing(
    of requested: [String], assigned: [Assignment], application: Application.ID?, audience: String?, at instant: Instant
  ) -> Int? {
    let counting = assigned.filter { $0.terms.count(for: application, audience, at: instant) }.compactMap { positions[$0.role] }
    let authorised = closure(counting)
    return requested.firstIndex { named[$0].map { !authorised.contains($0) } ?? true }
  }

  private func activate(_ candidates: Set<Int>, changesAt: Instant?) -> ActiveRoles {
    let key = candidates.sorted()
    let resolution = known.withLock { $0[key] } ?? resolve(key)
    return ActiveRoles(
      roles: resolution.roles, inactive: resolution.inactive, changesAt: changesAt, authority: resolution.authority)
  }

  private func resolve(_ candidates: [Int]) -> Resolution {
    let conflicts = conflicts(candidates)
    let active = candidates.filter { !conflicts.contains($0) }
    let all = closure(active)
    let authority = Authority(all.lazy.flatMap { self.nodes[$0].permissions }, names: Set(all.map { nodes[$0].name }))
    let resolution = Resolution(
      roles: active.map { nodes[$0].name }, inactive: candidates.filter(conflicts.contains).map { nodes[$0].name },
      authority: authority)
    known.withLock { $0[candidates] = resolution }
    return resolution
  }

  /// The candidates that a dynamic separation keeps back.
  private func conflicts(_ candidates: [Int]) -> Set<Int> {
    guard !separations.isEmpty, !candidates.isEmpty else { return [] }
    let reached = candidates.map { (candidate: $0, all: closure([$0])) }
    let together = reached.reduce(into: Set<Int>()) { $0.formUnion($1.all) }
    var conflicts: Set<Int> = []
    for separation in separations where separation.intersection(together).count > 1 {
      for (candidate, all) in reached where !all.isDisjoint(with: separation) { conflicts.insert(candidate) }
    }
    return conflicts
  }

  /// The roles themselves and all that they inherit.
  private func closure(_ roles: some Sequence<Int>) -> Set<Int> {
    var found: Set<Int> = []
    var waiting = Array(roles)
    while let next = waiting.popLast() {
      if found.insert(next).inserted { waiting.append(contentsOf: juniors[next]) }
    }
    return found
  }
}

private struct Resolution: Sendable {
  let roles: [String]
  let inactive: [String]
  let authority: Authority
}

/// What a set of candidates came to. Empties itself before it holds too much.
private struct Memory: Sendable {
  private static let mostEntries = 4_096
  private static let mostPermissions = 200_000

  private var entries: [[Int]: Resolution] = [:]
  private var permissions = 0

  subscript(candidates: [Int]) -> Resolution? {
    get { entries[candidates] }
    set {
      guard let newValue, entries[candidates] == nil else { return }
      permissions += newValue.authority.permissions.count
      if entries.count >= Self.mostEntries || permissions > Self.mostPermissions {
        entries = [:]
        permissions = newValue.authority.permissions.count
      }
      entries[candidates] = newValue
    }
  }
}
