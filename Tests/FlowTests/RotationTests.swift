import Cryptography
import Glibc
import Identity
import JSON
import Journal
import Persistence
import Primitives
import Testing

@testable import CredentialFlow

@Suite("A new master key")
struct RotationTests {
  /// Opens the world's data folder again, as a restart would, and hands it to `body`.
  private func reopened(_ world: World, _ body: (CredentialFlow.Application) async throws -> Void) async throws {
    let application = try await CredentialFlow.Application.open(
      world.installation, configuration: try world.installation.load().configuration, now: world.clock.now)
    do {
      try await body(application)
    } catch {
      await application.close()
      throw error
    }
    await application.close()
  }

  @Test("tokens, passwords and TOTP go on, beside the server and after a restart; the old key opens nothing")
  func rotation() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let token = try world.signedIn(person, client).token()
      let bearer = try world.bearer(client)
      let path = world.installation.folder.masterKeyPath
      let old = try FileBytes.read(path, limit: 1_000)
      let sealed = try await self.sealed(world)
      let count = try await world.application.rotateMasterKey(by: World.admin)
      #expect(count == 1 + SigningAlgorithm.allCases.count)
      #expect(try FileBytes.read(path, limit: 1_000) != old)
      let resealed = try await self.sealed(world)
      #expect(resealed.count == sealed.count && zip(sealed, resealed).allSatisfy { $0 != $1 })
      #expect(world.application.vault.hasOldDataKeys == false)
      #expect(try world.me(token).status == 200)
      #expect(try world.call("POST", "/auth", [World.json, bearer], Array(person.body().utf8)).code == "mfa_required")
      // The first sign-in brings the password under the new pepper.
      let before = try await self.hash(world, person)
      _ = try world.signedIn(person, client)
      let after = try await self.hash(world, person)
      #expect(before != after)
      _ = try world.signedIn(person, client)
      #expect(try await self.hash(world, person) == after)
      #expect(try await AuditLogReader.actions(world).contains("master_key.rotated"))
      await world.close()
      try await self.reopened(world) { application in
        let account = try await application.accounts.account(named: person.name)
        let keys = try await application.signingKeys.list()
        #expect(account != nil && keys.count == SigningAlgorithm.allCases.count)
      }
      unlink(path)
      _ = try FileBytes.create(path, old, mode: 0o600)
      await #expect(throws: VaultError.wrongMasterKey) { try await self.reopened(world) { _ in } }
    }
  }

  @Test("cut short before the database's commit, the old key goes on and the new file is in nobody's way")
  func cutBeforeCommit() async throws {
    try await World.run { world in
      let path = world.installation.folder.masterKeyPath
      _ = try FileBytes.create(path + ".new", MasterKey().text, mode: 0o600)
      await world.close()
      try await self.reopened(world) { application in
        let keys = try await application.signingKeys.list()
        #expect(keys.count == SigningAlgorithm.allCases.count)
        _ = try await application.rotateMasterKey(by: World.admin)
      }
      try await self.reopened(world) { _ in }
    }
  }

  @Test("cut short between the commit and the rename, the start finds the new key and finishes the rename")
  func cutBeforeRename() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let path = world.installation.folder.masterKeyPath
      let master = MasterKey()
      _ = try FileBytes.create(path + ".new", master.text, mode: 0o600)
      try await world.application.vault.rotate(to: master, at: world.clock.now()) { _ in }
      await world.close()
      try await self.reopened(world) { application in
        #expect(try FileBytes.read(path, limit: 1_000) == master.text)
        #expect(!FileBytes.exists(path + ".new"))
        // What was not sealed anew has been by now.
        let keys = try await application.signingKeys.list()
        #expect(keys.count == SigningAlgorithm.allCases.count)
        #expect(!application.vault.hasOldDataKeys)
        _ = try await application.rotateMasterKey(by: World.admin)
        #expect(!application.vault.hasOldDataKeys)
      }
      try await self.reopened(world) { application in
        let account = try await application.accounts.account(named: person.name)
        #expect(account != nil)
      }
    }
  }

  @Test("cut short between two steps of the resealing, everything opens and a second run finishes")
  func cutWhileResealing() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let vault = world.application.vault
      _ = try await MasterKeyFile(world.installation).rotate(vault, at: world.clock.now()) { _ in }
      _ = try world.signedIn(person, client)
      let newcomer = try await world.addPerson("new@example.com")
      _ = try world.signedIn(newcomer, client)
      // Both factors and all signing keys were made under the old key, but for the newcomer's.
      let count = try await Resealing(database: world.application.database, vault: vault).run()
      #expect(count == 1 + SigningAlgorithm.allCases.count)
      #expect(try await Resealing(database: world.application.database, vault: vault).run() == 0)
      _ = try world.signedIn(person, client)
      await world.close()
      try await self.reopened(world) { application in
        let keys = try await application.signingKeys.list()
        #expect(keys.count == SigningAlgorithm.allCases.count)
      }
    }
  }

  private func sealed(_ world: World) async throws -> [[UInt8]] {
    try await world.application.database.read { db in
      let factors = try db.rows("SELECT totp_secret FROM factor WHERE totp_secret IS NOT NULL ORDER BY id").map {
        try $0.bytes("totp_secret")
      }
      return factors + (try db.rows("SELECT private_key FROM signing_key ORDER BY kid").map { try $0.bytes("private_key") })
    }
  }

  private func hash(_ world: World, _ person: Person) async throws -> String? {
    try await world.application.accounts.account(named: person.name)?.password?.hash
  }
}

enum AuditLogReader {
  static func actions(_ world: World) async throws -> [String] {
    try await world.application.database.read { try AuditLog($0).tail(10_000) }.map(\.action)
  }
}

@Suite("Passwords brought under today's settings")
struct RehashTests {
  @Test("the next complete sign-in rehashes under costlier settings; a right password alone does not")
  func rehash() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let environment = World.environment(["hashing.memoryKiB": "128", "hashing.iterations": "2"])
      await world.close()
      let installation = Installation(folder: world.installation.folder, environment: environment)
      let application = try await CredentialFlow.Application.open(
        installation, configuration: try installation.load().configuration, now: world.clock.now)
      let server = try application.server()
      let port = try #require(try server.start(listen: nil).first.flatMap { UInt16($0.split(separator: ":").last ?? "") })
      let connection = try Connection(port: port)
      func post(_ body: String) throws -> Answer {
        connection.send(Call.bytes("POST", "/auth", [World.json, client.key], Array(body.utf8)))
        return try connection.answer()
      }
      func hash() async throws -> String { try #require(try await application.accounts.account(named: person.name)?.password?.hash) }
      #expect(try await hash().contains("m=64,t=1"))
      #expect(try post(person.body()).code == "mfa_required")
      #expect(try await hash().contains("m=64,t=1"))
      #expect(try post(person.oneCall(person.code(world.clock))).status == 200)
      #expect(try await hash().contains("m=128,t=2"))
      world.clock.advance(by: .seconds(60))
      #expect(try post(person.oneCall(person.code(world.clock))).status == 200)
      await server.drain(within: .seconds(1))
      await application.close()
    }
  }
}
