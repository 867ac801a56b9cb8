import Primitives
import Testing

@testable import Persistence

@Suite struct VaultTests {
  private let now = Now.fixed(at: Instant(unixSeconds: 1_800_000_000))
  private let secret = Secret(copying: "JBSWY3DPEHPK3PXP".utf8)

  private func onMigrated(_ kind: TestDatabase, _ body: (any Database) async throws -> Void) async throws {
    try await kind.run { database in
      _ = try await Migrator(database, now: now).run()
      try await body(database)
    }
  }

  private func expectOpens(_ vault: Vault, _ box: [UInt8]) throws {
    #expect(try vault.open(box, as: "totp_factor.secret", for: [1]).isEqual(to: secret))
  }

  @Test("what is sealed opens after the vault is opened again, and is not in the box", arguments: TestDatabase.available)
  func reopening(kind: TestDatabase) async throws {
    try await onMigrated(kind) { database in
      let master = MasterKey()
      let vault = try await Vault.open(database, master, now: now)
      let box = try vault.seal(secret, as: "totp_factor.secret", for: [1])
      #expect(!box.contains(Array("JBSW".utf8)))
      let again = try await Vault.open(database, master, now: now)
      try expectOpens(again, box)
      #expect(again.subkey("x").isEqual(to: vault.subkey("x")))
      #expect(!again.subkey("x").isEqual(to: vault.subkey("y")))
      #expect(try again.pepper().key.isEqual(to: try vault.pepper().key))
    }
  }

  @Test("another master key opens nothing and changes nothing")
  func wrongMaster() async throws {
    try await onMigrated(.memory) { database in
      let master = MasterKey()
      let box = try await Vault.open(database, master, now: now).seal(secret, as: "totp_factor.secret", for: [1])
      await #expect(throws: VaultError.wrongMasterKey) { try await Vault.open(database, MasterKey(), now: now) }
      try expectOpens(try await Vault.open(database, master, now: now), box)
    }
  }

  @Test("a box that was moved to another row or column, or changed, does not open")
  func movedBoxes() async throws {
    try await onMigrated(.memory) { database in
      let vault = try await Vault.open(database, MasterKey(), now: now)
      let box = try vault.seal(secret, as: "totp_factor.secret", for: [1])
      let places: [(String, [UInt8])] = [
        ("totp_factor.secret", [2]), ("signing_key.private_key", [1]), ("totp_factor.secre", Array("t".utf8) + [0, 1]),
        ("totp_factor.secret", []),
      ]
      for (purpose, row) in places {
        #expect(throws: VaultError.notAuthentic(purpose: purpose)) { try vault.open(box, as: purpose, for: row) }
      }
      for index in box.indices {
        var changed = box
        changed[index] ^= 1
        #expect(throws: VaultError.self) { try vault.open(changed, as: "totp_factor.secret", for: [1]) }
        #expect(throws: VaultError.self) { try vault.open(Array(box.prefix(index)), as: "totp_factor.secret", for: [1]) }
      }
    }
  }

  @Test("a key of the keyring that was moved to another place does not open")
  func movedKeyring() async throws {
    try await onMigrated(.memory) { database in
      let master = MasterKey()
      _ = try await Vault.open(database, master, now: now)
      try await database.transaction { db in
        try db.run("UPDATE keyring SET sealed = (SELECT sealed FROM keyring WHERE purpose = 'pepper') WHERE purpose = 'data'")
      }
      await #expect(throws: VaultError.wrongMasterKey) { try await Vault.open(database, master, now: now) }
    }
  }

  @Test("after a rotation only the new master key opens, old boxes and peppers still do", arguments: TestDatabase.available)
  func rotation(kind: TestDatabase) async throws {
    try await onMigrated(kind) { database in
      let (old, new) = (MasterKey(), MasterKey())
      let vault = try await Vault.open(database, old, now: now)
      let box = try vault.seal(secret, as: "totp_factor.secret", for: [1])
      let (pepper, index) = (try vault.pepper(), vault.subkey("x"))
      try await vault.rotate(to: new, at: now()) { _ in }
      await #expect(throws: VaultError.wrongMasterKey) { try await Vault.open(database, old, now: now) }
      for vault in [vault, try await Vault.open(database, new, now: now)] {
        try expectOpens(vault, box)
        #expect(vault.isOutdated(box) && vault.hasOldDataKeys)
        #expect(!vault.isOutdated(try vault.seal(secret, as: "totp_factor.secret", for: [1])))
        #expect(try vault.pepper().generation == pepper.generation + 1)
        #expect(try !vault.pepper().key.isEqual(to: pepper.key))
        #expect(vault.pepper(generation: pepper.generation)?.isEqual(to: pepper.key) == true)
        #expect(vault.pepper(generation: 99) == nil)
        #expect(vault.subkey("x").isEqual(to: index))
      }
    }
  }

  @Test("a rotation that fails leaves the old master key in force, whole")
  func failedRotation() async throws {
    try await onMigrated(.memory) { database in
      let (old, new) = (MasterKey(), MasterKey())
      let vault = try await Vault.open(database, old, now: now)
      let box = try vault.seal(secret, as: "totp_factor.secret", for: [1])
      // The last statement of the rotation meets this row: everything before it must be undone.
      try await database.transaction { db in
        try db.script("CREATE UNIQUE INDEX one_pepper ON keyring (purpose) WHERE purpose = 'pepper'")
      }
      await #expect(throws: DatabaseError.self) { try await vault.rotate(to: new, at: now()) { _ in } }
      try expectOpens(vault, box)
      #expect(!vault.isOutdated(box))
      await #expect(throws: VaultError.wrongMasterKey) { try await Vault.open(database, new, now: now) }
      try expectOpens(try await Vault.open(database, old, now: now), box)
    }
  }

  @Test("a rotation cut short anywhere is finished by going on with the key that fits")
  func interruptedRotation() async throws {
    try await onMigrated(.memory) { database in
      let (old, new) = (MasterKey(), MasterKey())
      let box = try await Vault.open(database, old, now: now).seal(secret, as: "totp_factor.secret", for: [1])
      try await Vault.open(database, old, now: now).rotate(to: new, at: now()) { _ in }
      // Every step from here on belongs to another process than the one before.
      let resealing = try await Vault.open(database, new, now: now)
      let fresh = try resealing.seal(try resealing.open(box, as: "totp_factor.secret", for: [1]), as: "totp_factor.secret", for: [1])
      let forgetting = try await Vault.open(database, new, now: now)
      #expect(forgetting.hasOldDataKeys)
      try await forgetting.forgetOldDataKeys()
      for vault in [forgetting, try await Vault.open(database, new, now: now)] {
        #expect(!vault.hasOldDataKeys && !vault.isOutdated(fresh))
        try expectOpens(vault, fresh)
        #expect(throws: VaultError.self) { try vault.open(box, as: "totp_factor.secret", for: [1]) }
      }
    }
  }

  @Test("a keyring that lacks a key is refused")
  func incomplete() async throws {
    try await onMigrated(.memory) { database in
      let master = MasterKey()
      _ = try await Vault.open(database, master, now: now)
      try await database.transaction { try $0.run("DELETE FROM keyring WHERE purpose = 'pepper'") }
      await #expect(throws: VaultError.incompleteKeyring) { try await Vault.open(database, master, now: now) }
    }
  }

  @Test("a master key is read as base64url or hexadecimal, and as nothing else")
  func masterKeyText() {
    let master = MasterKey()
    #expect(MasterKey(text: Secret(copying: master.text))?.secret.isEqual(to: master.secret) == true)
    let hex = Hex.encode(master.secret.withBytes { Array($0) })
    #expect(MasterKey(text: Secret(copying: (hex + "\r\n").utf8))?.secret.isEqual(to: master.secret) == true)
    let wrong = ["", "\n", String(hex.dropLast()), hex + "00", String(hex.dropLast(2)), " " + hex, String(repeating: "=", count: 43)]
    for text in wrong { #expect(MasterKey(text: Secret(copying: text.utf8)) == nil, "\(text.count)") }
  }
}
