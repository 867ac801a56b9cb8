import Cryptography
import Defense
import Journal
import Persistence
import Primitives
import Testing

@testable import Identity

@Suite("The last administrator stays")
struct AdministratorTests {
  private func accounts(_ ground: RoleGround) async throws -> Accounts {
    let vault = try await Vault.open(ground.database, MasterKey(), now: ground.clock.now)
    let settings = try AccountSettings(
      from: SettingsReader([:]) { path throws(SettingsError) in throw SettingsError(path: path, detail: "no file") })
    let passwords = Ground.passwords(vault)
    return Accounts(
      database: ground.database, vault: vault, passwords: passwords, policy: try Ground.policy(passwords), settings: settings,
      issuer: "test", notices: try Ground.notices(vault), now: ground.clock.now)
  }

  @Test("where there is no administrator, nothing is protected", arguments: RoleStorage.available)
  func none(storage: RoleStorage) async throws {
    let ground = try await RoleGround(storage)
    let user = try await ground.account("user")
    let accounts = try await accounts(ground)
    #expect(try await ground.grant("admin", user, Assignment.Terms(audience: "api")) == .done)
    #expect(try await ground.revoke("admin", user) == .done)
    #expect(try await accounts.setEnabled(false, "user", by: RoleGround.by))
    #expect(try await accounts.delete("user", by: RoleGround.by))
  }

  @Test(
    "disabling, deleting, revoking, ending, restricting and disinheriting the last one are refused and undone",
    arguments: RoleStorage.available)
  func everyForm(storage: RoleStorage) async throws {
    let ground = try await RoleGround(storage)
    let accounts = try await accounts(ground)
    try await ground.add("chief")
    #expect(try await ground.inherit("chief", "admin") == .done)
    let user = try await ground.account("user")
    _ = try await ground.account("other")
    #expect(try await ground.grant("chief", user) == .done)
    await #expect(throws: LastAdministrator.self) { _ = try await accounts.setEnabled(false, "user", by: RoleGround.by) }
    await #expect(throws: LastAdministrator.self) { _ = try await accounts.delete("user", by: RoleGround.by) }
    #expect(try await ground.revoke("chief", user) == .lastAdministrator)
    for terms in [
      Assignment.Terms(expiresAt: Ground.start + .days(900)), Assignment.Terms(audience: "api"),
    ] { #expect(try await ground.grant("chief", user, terms) == .lastAdministrator) }
    #expect(try await ground.roles.disinherit("admin", by: "chief", by: RoleGround.by) == .lastAdministrator)
    #expect(try await ground.roles.delete("chief", by: RoleGround.by) == .lastAdministrator)
    #expect(try await accounts.account(named: "user")?.isEnabled == true)
    #expect(try await ground.roles.assignments(of: user).map(\.terms) == [.unlimited])
    #expect(try await ground.roles.role("chief")?.inherits == ["admin"])
    // Others are nobody's concern.
    #expect(try await accounts.setEnabled(false, "other", by: RoleGround.by))
    #expect(try await accounts.delete("other", by: RoleGround.by))
    guard case .account(let id) = user else { return }
    guard case .lastAdministrator = try await accounts.change(id, Accounts.Change(isEnabled: false), if: .any, by: RoleGround.by),
      case .lastAdministrator = try await accounts.delete(id, if: .any, by: RoleGround.by)
    else {
      Issue.record("the last administrator went by identifier")
      return
    }
  }

  @Test(
    "who is disabled, or holds it for a time or a place, or is an application, is no successor; an enabled user is",
    arguments: RoleStorage.available)
  func successors(storage: RoleStorage) async throws {
    let ground = try await RoleGround(storage)
    let accounts = try await accounts(ground)
    let (user, other) = (try await ground.account("user"), try await ground.account("other"))
    #expect(try await ground.grant("admin", user) == .done)
    #expect(try await ground.grant("admin", other, Assignment.Terms(expiresAt: Ground.start + .days(1))) == .done)
    #expect(try await ground.revoke("admin", user) == .lastAdministrator)
    #expect(try await ground.grant("admin", other) == .done)
    #expect(try await accounts.setEnabled(false, "other", by: RoleGround.by))
    #expect(try await ground.revoke("admin", user) == .lastAdministrator)
    #expect(try await accounts.setEnabled(true, "other", by: RoleGround.by))
    #expect(try await ground.revoke("admin", user) == .done)
    #expect(try await ground.revoke("admin", other) == .lastAdministrator)
  }

  @Test("of two administrators who are taken away at the same time, one stays", arguments: RoleStorage.available)
  func parallel(storage: RoleStorage) async throws {
    for _ in 0..<10 {
      let ground = try await RoleGround(storage)
      let (user, other) = (try await ground.account("user"), try await ground.account("other"))
      #expect(try await ground.grant("admin", user) == .done)
      #expect(try await ground.grant("admin", other) == .done)
      async let first = ground.revoke("admin", user)
      async let second = ground.revoke("admin", other)
      let outcomes = [try await first, try await second]
      #expect(outcomes.contains(.done) && outcomes.contains(.lastAdministrator))
    }
  }
}
