import Glibc
import Persistence
import Primitives
import Testing

@testable import CredentialFlow

/// A rotation of the master key touches two things, a file and the database; it can die between any two steps.
@Suite struct MasterKeyFileTests {
  private let now = Now.fixed(at: Instant(unixSeconds: 1_800_000_000))
  private let secret = Secret(copying: "JBSWY3DPEHPK3PXP".utf8)

  private struct Cut: Error {}

  /// An installation with a key, and a database with something sealed.
  private struct Ground {
    let folder: TemporaryFolder
    let file: MasterKeyFile
    let database: SQLiteDatabase
    let box: [UInt8]

    var path: String { folder.path + "/master.key" }
    func text(_ suffix: String = "") throws -> [UInt8] { try FileBytes.read(path + suffix, limit: 100) }
  }

  private func ground() async throws -> Ground {
    let folder = try TemporaryFolder()
    let file = MasterKeyFile(Installation(folder: DataFolder(path: folder.path), environment: [:]))
    let made = try file.make()
    #expect(made.isNew && made.place == folder.path + "/master.key")
    let settings = try DatabaseSettings(
      from: SettingsReader([:]) { path throws(SettingsError) in throw SettingsError(path: path, detail: "no files here") })
    let database = try SQLiteDatabase(inMemory: settings)
    _ = try await Migrator(database, now: now).run()
    let box = try await file.openVault(database, now: now).seal(secret, as: "x", for: [1])
    return Ground(folder: folder, file: file, database: database, box: box)
  }

  /// What the next start finds: one key that opens the box, in `master.key` alone.
  private func expectUsable(_ ground: Ground) async throws {
    let vault = try await ground.file.openVault(ground.database, now: now)
    #expect(try vault.open(ground.box, as: "x", for: [1]).isEqual(to: secret))
    #expect(TemporaryFolder.mode(ground.path) == 0o600)
    let master = try ground.file.load()
    let isInForce = try await vault.isSealed(under: master)
    #expect(isInForce)
  }

  @Test("cut short before the database has the new key, the old one stays in force")
  func cutBeforeCommit() async throws {
    let ground = try await ground()
    let before = try ground.text()
    let vault = try await ground.file.openVault(ground.database, now: now)
    await #expect(throws: Cut.self) { _ = try await ground.file.rotate(vault, at: now()) { _ in throw Cut() } }
    #expect(FileBytes.exists(ground.path + ".new"))
    try await expectUsable(ground)
    #expect(try ground.text() == before)
    // And the next rotation is not disturbed by what lies there.
    _ = try await ground.file.rotate(try await ground.file.openVault(ground.database, now: now), at: now()) { _ in }
    try await expectUsable(ground)
    #expect(try ground.text() != before && !FileBytes.exists(ground.path + ".new"))
  }

  /// The database has the new key, and the file could not be moved: a folder stood in its place.
  private func cutBeforeRename(_ ground: Ground) async throws -> Vault {
    let vault = try await ground.file.openVault(ground.database, now: now)
    let old = try ground.text()
    await #expect(throws: Refusal.self) {
      _ = try await ground.file.rotate(vault, at: now()) { _ in
        unlink(ground.path)
        mkdir(ground.path, 0o700)
      }
    }
    rmdir(ground.path)
    try ground.folder.write("master.key", String(decoding: old, as: UTF8.self))
    return vault
  }

  @Test("cut short between the database and the file, the next start finishes the move")
  func cutBeforeMove() async throws {
    let ground = try await ground()
    _ = try await cutBeforeRename(ground)
    try await expectUsable(ground)
    #expect(!FileBytes.exists(ground.path + ".new"))
  }

  @Test("a second rotation in the same process is refused and keeps the only copy of the key in force")
  func rotatedAgain() async throws {
    let ground = try await ground()
    let vault = try await cutBeforeRename(ground)
    let inForce = try ground.text(".new")
    await #expect(throws: Refusal.self) { _ = try await ground.file.rotate(vault, at: now()) { _ in } }
    #expect(try ground.text(".new") == inForce)
    try await expectUsable(ground)
    #expect(try ground.text() == inForce)
  }

  @Test("a key file that is open to others, missing or not a key is refused with what to do")
  func refusals() async throws {
    let ground = try await ground()
    chmod(ground.path, 0o640)
    #expect(throws: Refusal.self) { try ground.file.load() }
    unlink(ground.path)
    #expect(throws: Refusal.self) { try ground.file.load() }
    try ground.folder.write("master.key", "not a key")
    #expect(throws: Refusal.self) { try ground.file.load() }
  }
}
