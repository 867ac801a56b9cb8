import Glibc
import Journal
import Persistence
import Primitives
import Testing

@testable import Identity

/// Where roles are kept; PostgreSQL where `Scripts/test-postgresql` names a server.
enum RoleStorage: String, Sendable {
  case memory
  case postgreSQL

  static var available: [RoleStorage] { server == nil ? [.memory] : [.memory, .postgreSQL] }

  private static var server: String? { getenv("CREDENTIALFLOW_TEST_POSTGRESQL").map { String(cString: $0) } }

  /// A new and empty one.
  func database() async throws -> any Database {
    guard self == .postgreSQL, let server = Self.server else { return try await Ground.database() }
    let settings = try DatabaseSettings(
      from: SettingsReader(["connections": .integer(3)]) { path throws(SettingsError) in throw SettingsError(path: path, detail: "no file")
      })
    let name = "roles_" + String(UInt64.random(in: 0 ... .max), radix: 36)
    let keeper = try PostgreSQLDatabase(url: server, settings: settings)
    try await keeper.transaction { try $0.script("CREATE SCHEMA \(name)") }
    await keeper.close()
    let url = server + (server.contains("?") ? "&" : "?") + "options=-csearch_path%3D" + name
    let database = try PostgreSQLDatabase(url: url, settings: settings)
    _ = try await Migrator(database, now: .fixed(at: Ground.start)).run()
    return database
  }
}

/// Roles over a database of their own.
final class RoleGround: Sendable {
  let database: any Database
  let clock = ManualClock(at: Ground.start)
  let roles: Roles
  let separations: Separations
  static let by = Provenance(actor: .commandLine(user: "test"))

  init(_ storage: RoleStorage) async throws {
    database = try await storage.database()
    roles = Roles(database: database, now: clock.now)
    separations = Separations(database: database, now: clock.now)
    try await roles.makeBuiltin()
  }

  deinit { Task { [database] in await database.close() } }

  func add(_ names: String...) async throws {
    for name in names { #expect(try await roles.add(name, description: "", permissions: [], by: Self.by) == .done) }
  }

  func account(_ name: String) async throws -> RoleHolder {
    let account = Account(
      id: Account.ID(at: Ground.start), username: try Username(name, allowsUnicode: false), email: nil, phone: nil, isEnabled: true,
      password: nil, createdAt: Ground.start, version: 1)
    _ = try await database.transaction { try AccountStore($0).insert(account) }
    return .account(account.id)
  }

  func inherit(_ senior: String, _ junior: String) async throws -> RoleOutcome {
    try await roles.inherit(junior, by: .named(senior), by: Self.by)
  }

  func grant(_ role: String, _ holder: RoleHolder, _ terms: Assignment.Terms = .unlimited) async throws -> RoleOutcome {
    try await roles.grant(.named(role), to: holder, terms, by: Self.by)
  }

  func revoke(_ role: String, _ holder: RoleHolder) async throws -> RoleOutcome {
    try await roles.revoke(.named(role), from: holder, by: Self.by)
  }
}

@Suite("Changing roles, and who holds them")
struct RolesTests {
  @Test("a role cannot come to inherit itself, over any number of steps", arguments: RoleStorage.available)
  func cycles(storage: RoleStorage) async throws {
    let ground = try await RoleGround(storage)
    try await ground.add("a", "b", "c")
    #expect(try await ground.inherit("a", "a") == .cycle)
    #expect(try await ground.inherit("a", "b") == .done)
    #expect(try await ground.inherit("a", "b") == .unchanged)
    #expect(try await ground.inherit("b", "a") == .cycle)
    #expect(try await ground.inherit("b", "c") == .done)
    #expect(try await ground.inherit("c", "a") == .cycle)
    #expect(try await ground.roles.role("c")?.inherits == [])
    #expect(try await ground.roles.disinherit("b", by: "a", by: RoleGround.by) == .done)
    #expect(try await ground.inherit("c", "a") == .done)
    #expect(try await ground.inherit("a", "nobody") == .unknownOther("nobody"))
    #expect(try await ground.inherit("nobody", "a") == .unknownRole)
    #expect(try await ground.inherit("admin", "a") == .builtin)
  }

  @Test("of parallel changes that together would make a cycle, not all are made", arguments: RoleStorage.available)
  func parallelCycles(storage: RoleStorage) async throws {
    for _ in 0..<10 {
      let ground = try await RoleGround(storage)
      let names = (0..<6).map { "r\($0)" }
      for name in names { try await ground.add(name) }
      let outcomes = try await withThrowingTaskGroup(of: RoleOutcome.self) { group in
        for index in names.indices { group.addTask { try await ground.inherit(names[index], names[(index + 1) % names.count]) } }
        return try await group.reduce(into: [RoleOutcome]()) { $0.append($1) }
      }
      #expect(outcomes.filter { $0 == .cycle }.count == 1 && outcomes.filter { $0 == .done }.count == 5)
      let hierarchy = try await ground.database.read { try RoleGraphStore($0).hierarchy() }
      #expect(hierarchy.juniors.keys.allSatisfy { !hierarchy.isCyclic(at: $0) })
    }
  }

  @Test("a hierarchy has at most 32 steps, and a role at most as many permissions as are allowed", arguments: RoleStorage.available)
  func limits(storage: RoleStorage) async throws {
    let ground = try await RoleGround(storage)
    for index in 0...33 { try await ground.add("r\(index)") }
    for index in 0..<32 { #expect(try await ground.inherit("r\(index)", "r\(index + 1)") == .done) }
    #expect(try await ground.inherit("r32", "r33") == .tooDeep)
    let many = (0...RoleLimits.permissions).compactMap { Permission("p\($0):do") }
    guard case .tooMany = try await ground.roles.add("wide", description: "", permissions: many, by: RoleGround.by) else {
      Issue.record("too many permissions were taken")
      return
    }
    #expect(try await ground.roles.role("wide") == nil)
  }

  @Test("a change is made for the state that it names, and the record says from what to what", arguments: RoleStorage.available)
  func versions(storage: RoleStorage) async throws {
    let ground = try await RoleGround(storage)
    try await ground.add("a", "b")
    let change = Roles.Change(description: "new", permissions: [Permission("x:y")].compactMap { $0 }, inherits: ["b"])
    #expect(try await ground.roles.role("a")?.version == 2)
    #expect(try await ground.roles.change("a", change, if: .among([1]), by: RoleGround.by) == .outdated)
    #expect(try await ground.roles.change("a", change, if: .among([2]), by: RoleGround.by) == .done)
    #expect(try await ground.roles.change("a", change, if: .among([2]), by: RoleGround.by) == .outdated)
    #expect(try await ground.roles.change("a", change, by: RoleGround.by) == .unchanged)
    let entry = try #require(try await ground.database.read { try AuditLog($0).tail(1) }.first)
    #expect(entry.action == "role.changed" && entry.subject == "role:a")
    for fact in [
      #""description_from":"","description_to":"new""#, #""permissions_from":"","permissions_to":"x:y""#, #""inherits_to":"b""#,
    ] { #expect(entry.detail.contains(fact), "\(entry.detail)") }
  }

  @Test("granting again replaces the terms, and the record says from what to what", arguments: RoleStorage.available)
  func regrant(storage: RoleStorage) async throws {
    let ground = try await RoleGround(storage)
    try await ground.add("a")
    let user = try await ground.account("user")
    let short = Assignment.Terms(expiresAt: Ground.start + .seconds(60), audience: "api")
    #expect(try await ground.grant("a", user, short) == .done)
    #expect(try await ground.grant("a", user, short) == .unchanged)
    #expect(try await ground.grant("a", user) == .done)
    let entry = try #require(try await ground.database.read { try AuditLog($0).tail(1) }.first)
    #expect(entry.detail.contains(#""from":"until 2027-01-15T08:01:00Z, for api","to":"unlimited""#), "\(entry.detail)")
    #expect(try await ground.roles.assignments(of: user).map(\.terms) == [.unlimited])
    #expect(try await ground.grant("a", user, Assignment.Terms(expiresAt: Ground.start)) == .endIsOver)
    #expect(try await ground.grant("a", user, Assignment.Terms(application: Application.ID(at: Ground.start))) == .unknownApplication)
    #expect(try await ground.grant("a", .account(Account.ID(at: Ground.start))) == .unknownHolder)
    #expect(try await ground.revoke("a", user) == .done)
    #expect(try await ground.revoke("a", user) == .unchanged)
  }

  @Test(
    "nobody comes to hold two roles of a static separation: not by grant, inheritance, or a set made afterwards",
    arguments: RoleStorage.available)
  func staticSeparation(storage: RoleStorage) async throws {
    let ground = try await RoleGround(storage)
    try await ground.add("payer", "approver", "chief", "clerk")
    let (user, other) = (try await ground.account("user"), try await ground.account("other"))
    let add = { (name: String, kind: Separation.Kind, roles: [String]) in
      try await ground.separations.add(name, kind, roles, by: RoleGround.by)
    }
    #expect(try await add("pay", .static, ["payer", "approver"]) == .done)
    #expect(try await add("pay", .dynamic, ["payer", "clerk"]) == .nameTaken)
    #expect(try await ground.grant("payer", user) == .done)
    #expect(try await ground.grant("approver", user) == .separationOfDuty("pay"))
    #expect(try await ground.roles.assignments(of: user).map(\.roleName) == ["payer"])
    // Through what a role inherits.
    #expect(try await ground.grant("chief", user) == .done)
    #expect(try await ground.inherit("chief", "approver") == .separationHeld("pay", by: "user"))
    #expect(try await ground.revoke("chief", user) == .done)
    #expect(try await ground.inherit("chief", "approver") == .done)
    #expect(try await ground.grant("chief", user) == .separationOfDuty("pay"))
    #expect(try await ground.inherit("chief", "payer") == .separationOfDuty("pay"))
    // What has ended does not count; what is held elsewhere does.
    #expect(try await ground.grant("payer", other, Assignment.Terms(expiresAt: Ground.start + .seconds(9), audience: "api")) == .done)
    #expect(try await ground.grant("approver", other) == .separationOfDuty("pay"))
    ground.clock.advance(by: .seconds(9))
    #expect(try await ground.grant("approver", other) == .done)
    // A set that somebody is at odds with already.
    #expect(try await ground.grant("clerk", user) == .done)
    #expect(try await add("desk", .static, ["payer", "clerk"]) == .separationHeld("desk", by: "user"))
    #expect(try await add("desk", .dynamic, ["payer", "clerk"]) == .done)
    #expect(try await add("line", .dynamic, ["chief", "approver"]) == .separationOfDuty("line"))
    #expect(try await ground.separations.list().map(\.name) == ["desk", "pay"])
    // A set with one role left keeps nothing apart.
    #expect(try await ground.roles.delete("clerk", by: RoleGround.by) == .done)
    #expect(try await ground.separations.list().map(\.name) == ["pay"])
  }

  @Test("parallel grants of two roles of a static separation: one is made", arguments: RoleStorage.available)
  func parallelGrants(storage: RoleStorage) async throws {
    let ground = try await RoleGround(storage)
    try await ground.add("a", "b")
    #expect(try await ground.separations.add("s", .static, ["a", "b"], by: RoleGround.by) == .done)
    for index in 0..<20 {
      let user = try await ground.account("user\(index)")
      async let first = ground.grant("a", user)
      async let second = ground.grant("b", user)
      let outcomes = [try await first, try await second]
      #expect(outcomes.filter { $0 == .done }.count == 1)
    }
  }
}
