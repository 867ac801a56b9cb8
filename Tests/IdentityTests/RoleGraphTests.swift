import Primitives
import Testing

@testable import Identity

/// Roles as a test writes them: names, what they hold, whom they inherit, what is kept apart.
struct RoleWorld {
  var permissions: [String: [String]] = [:]
  var juniors: [String: [String]] = [:]
  var dynamic: [[String]] = []
  let ids: [String: Role.ID]

  init(_ names: [String]) { ids = Dictionary(uniqueKeysWithValues: names.map { ($0, Role.ID(at: Ground.start)) }) }

  var graph: RoleGraph {
    RoleGraph(
      ids.map { name, id in
        RoleGraph.Node(
          id: id, name: name, permissions: (permissions[name] ?? []).compactMap { Permission($0) },
          juniors: (juniors[name] ?? []).compactMap { ids[$0] })
      }, separations: dynamic.map { $0.compactMap { ids[$0] } })
  }

  func assignment(_ name: String, _ terms: Assignment.Terms = .unlimited) throws -> Assignment {
    Assignment(role: try #require(ids[name]), roleName: name, terms: terms, grantedAt: Ground.start)
  }

  /// Everything that a role brings with it, written as the definition says it: again and again until nothing is added.
  func closure(_ names: Set<String>) -> Set<String> {
    var all = names
    while true {
      let next = all.union(all.flatMap { juniors[$0] ?? [] })
      if next == all { return all }
      all = next
    }
  }
}

@Suite("Which roles are active, and what they come to")
struct RoleGraphTests {
  private let at = Ground.start
  private let api = "https://api.example.com"

  private func activate(
    _ world: RoleWorld, _ assigned: [Assignment], _ requested: [String]? = nil, application: Application.ID? = nil,
    audience: String? = nil, at instant: Instant = Ground.start
  ) -> ActiveRoles {
    world.graph.activate(assigned: assigned, requested: requested, application: application, audience: audience, at: instant)
  }

  @Test("INCITS 359: a senior role has the permissions of its juniors, over any number of steps and ways")
  func hierarchy() throws {
    var world = RoleWorld(["director", "engineer1", "engineer2", "engineering", "employee"])
    world.juniors = [
      "director": ["engineer1", "engineer2"], "engineer1": ["engineering"], "engineer2": ["engineering"], "engineering": ["employee"],
    ]
    world.permissions = ["employee": ["door:open"], "engineering": ["code:read"], "engineer1": ["code:write"], "director": ["budget:*"]]
    let director = activate(world, [try world.assignment("director")])
    #expect(director.roles == ["director"])
    #expect(director.permissions == ["budget:*", "code:read", "code:write", "door:open"])
    #expect(["director", "engineer1", "engineer2", "engineering", "employee"].allSatisfy(director.holds))
    #expect(director.allows(try #require(Permission("budget:spend"))))
    let engineer = activate(world, [try world.assignment("engineer2")])
    #expect(engineer.permissions == ["code:read", "door:open"] && !engineer.holds(role: "engineer1"))
    // A role that is only inherited may be activated alone: authorised_users of the standard.
    let modest = activate(world, [try world.assignment("director")], ["employee"])
    #expect(modest.roles == ["employee"] && modest.permissions == ["door:open"] && !modest.holds(role: "director"))
    #expect(activate(world, [try world.assignment("engineer1")], ["director"]).roles == [])
  }

  @Test("of a dynamic separation nothing is active without being asked for; one of it may be, two are kept back")
  func dynamicSeparation() throws {
    var world = RoleWorld(["cashier", "supervisor", "clerk", "chief"])
    world.dynamic = [["cashier", "supervisor"]]
    world.juniors = ["chief": ["supervisor"]]
    let assigned = try ["cashier", "supervisor", "clerk"].map { try world.assignment($0) }
    let all = activate(world, assigned)
    #expect(all.roles == ["clerk"] && all.inactive == ["cashier", "supervisor"])
    #expect(activate(world, assigned, ["cashier", "clerk"]).roles == ["cashier", "clerk"])
    #expect(activate(world, assigned, ["cashier", "supervisor"]).inactive == ["cashier", "supervisor"])
    // A role brings with it those that it inherits.
    let senior = activate(world, try ["cashier", "chief"].map { try world.assignment($0) })
    #expect(senior.roles == [] && senior.inactive == ["cashier", "chief"])
    #expect(activate(world, [try world.assignment("chief")]).roles == ["chief"])
  }

  @Test("an assignment counts until its end, in its application and for its audience, and tells when it ends")
  func terms() throws {
    let world = RoleWorld(["a", "b", "c"])
    let shop = Application.ID(at: at)
    let assigned = [
      try world.assignment("a", Assignment.Terms(expiresAt: at + .seconds(60))),
      try world.assignment("b", Assignment.Terms(application: shop)),
      try world.assignment("c", Assignment.Terms(expiresAt: at + .seconds(30), audience: api)),
    ]
    let here = activate(world, assigned)
    #expect(here.roles == ["a"] && here.changesAt == at + .seconds(60))
    #expect(here.lifetime(atMost: .minutes(10), at: at) == .seconds(60) && here.lifetime(atMost: .seconds(5), at: at) == .seconds(5))
    let there = activate(world, assigned, application: shop, audience: api)
    #expect(there.roles == ["a", "b", "c"] && there.changesAt == at + .seconds(30))
    #expect(activate(world, assigned, application: shop, audience: api, at: at + .seconds(30)).roles == ["a", "b"])
    #expect(activate(world, assigned, application: Application.ID(at: at), audience: "other", at: at + .seconds(60)).roles == [])
    #expect(activate(world, assigned, ["b"], application: shop).changesAt == nil)
  }

  @Test("roles narrowed to permissions name no role and allow no more than was held")
  func narrowed() throws {
    var world = RoleWorld(["a"])
    world.permissions = ["a": ["models/*:invoke", "x:y"]]
    let narrow = activate(world, [try world.assignment("a")])
      .narrowed(to: ["models/one:invoke", "other:thing", "models/**:invoke"].compactMap { Permission($0) })
    #expect(narrow.roles == [] && narrow.permissions == ["models/one:invoke"] && !narrow.holds(role: "a"))
    #expect(!narrow.allows(try #require(Permission("models/two:invoke"))))
  }

  @Test("500 random hierarchies, separations, ends and requests come to what the definitions say")
  func random() throws {
    var generator = SystemRandomNumberGenerator()
    var kept = 0
    for _ in 0..<500 {
      let world = randomWorld(&generator)
      let names = world.ids.keys.sorted()
      let assigned = try names.filter { _ in Bool.random(using: &generator) }.map { name in
        try world.assignment(
          name,
          Assignment.Terms(
            expiresAt: Int.random(in: 0..<3, using: &generator) == 0 ? at + .seconds(.random(in: -2...3, using: &generator)) : nil,
            audience: Int.random(in: 0..<4, using: &generator) == 0 ? [api, "other"].randomElement(using: &generator) : nil))
      }
      let requested = Bool.random(using: &generator) ? nil : names.filter { _ in Int.random(in: 0..<3, using: &generator) == 0 }
      let found = activate(world, assigned, requested, audience: api)
      let expected = Expected(world, assigned, requested, audience: api, at: at)
      kept += expected.inactive.isEmpty ? 0 : 1
      #expect(found.roles == expected.roles && found.inactive == expected.inactive, "\(world) \(assigned) \(String(describing: requested))")
      #expect(found.permissions == expected.permissions && found.changesAt == expected.changesAt)
      #expect(names.allSatisfy { found.holds(role: $0) == expected.held.contains($0) })
    }
    #expect(kept > 20)
  }

  private func randomWorld(_ generator: inout SystemRandomNumberGenerator) -> RoleWorld {
    let names = (0..<Int.random(in: 1...9, using: &generator)).map { "r\($0)" }
    var world = RoleWorld(names)
    for (index, name) in names.enumerated() {
      world.permissions[name] = (0..<Int.random(in: 0...2, using: &generator)).map { _ in "p\(Int.random(in: 0...9, using: &generator)):do"
      }
      // Only downwards: no cycle.
      world.juniors[name] = names[..<index].filter { _ in Int.random(in: 0..<3, using: &generator) == 0 }
    }
    world.dynamic = (0..<Int.random(in: 0...2, using: &generator)).map { _ in
      names.filter { _ in Int.random(in: 0..<3, using: &generator) == 0 }
    }
    return world
  }
}

/// The same by the definitions, slow and obvious.
private struct Expected {
  let roles: [String]
  let inactive: [String]
  let permissions: [String]
  let held: Set<String>
  let changesAt: Instant?

  init(_ world: RoleWorld, _ assigned: [Assignment], _ requested: [String]?, audience: String, at instant: Instant) {
    let counting = assigned.filter { assignment in
      if let end = assignment.terms.expiresAt, end <= instant { return false }
      if let only = assignment.terms.audience, only != audience { return false }
      return true
    }
    let authorised = world.closure(Set(counting.map(\.roleName)))
    let candidates = requested.map { Set($0).intersection(authorised) } ?? Set(counting.map(\.roleName))
    let together = world.closure(candidates)
    let violated = world.dynamic.filter { Set($0).intersection(together).count >= 2 }
    let back = candidates.filter { role in violated.contains { !world.closure([role]).isDisjoint(with: $0) } }
    roles = candidates.subtracting(back).sorted()
    inactive = back.sorted()
    held = world.closure(candidates.subtracting(back))
    permissions = Set(held.flatMap { world.permissions[$0] ?? [] }).sorted()
    changesAt = counting.filter { requested == nil || !world.closure([$0.roleName]).isDisjoint(with: candidates) }
      .compactMap(\.terms.expiresAt).min()
  }
}
