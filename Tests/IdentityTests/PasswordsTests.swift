import Cryptography
import Defense
import Delivery
import Persistence
import Primitives
import Telemetry
import Testing

@testable import Identity

/// A vault over a database in memory.
enum Ground {
  static let start = Instant(unixSeconds: 1_800_000_000)
  static let cheap = Argon2Parameters(memoryKiB: 64, iterations: 1)

  static func database() async throws -> SQLiteDatabase {
    let settings = try DatabaseSettings(
      from: SettingsReader([:]) { path throws(SettingsError) in throw SettingsError(path: path, detail: "no file") })
    let database = try SQLiteDatabase(inMemory: settings)
    _ = try await Migrator(database, now: .fixed(at: start)).run()
    return database
  }

  /// The policy of an empty configuration, or with these values.
  static func policy(
    _ passwords: Passwords, _ values: [String: SettingsValue] = [:], mayStandAlone: Bool = false
  ) throws -> PasswordPolicy {
    let settings = try PasswordSettings(
      from: SettingsReader(values) { path throws(SettingsError) in throw SettingsError(path: path, detail: "no file") })
    return PasswordPolicy(settings: settings, passwords: passwords, serviceName: "CredentialFlow", mayStandAlone: mayStandAlone)
  }

  /// Of a server that sends nothing.
  static func notices(_ vault: Vault) throws -> Notices {
    let empty = SettingsReader([:]) { path throws(SettingsError) in throw SettingsError(path: path, detail: "no file") }
    let outbox = Outbox(vault: vault, mail: try MailSettings(from: empty), sms: try SMSSettings(from: empty), product: "Test")
    let pace = MessagePace(limiter: PaceLimiter(capacity: 1_024), settings: try MessageSettings(from: empty), isEnabled: true)
    return Notices(outbox: outbox, pace: pace, log: .discarding)
  }

  static func passwords(_ vault: Vault, _ parameters: Argon2Parameters = cheap, greatestWork: Int = 0) -> Passwords {
    Passwords(pool: HashingPool(lanes: 1, capacity: 8), parameters: parameters, vault: vault, greatestWork: greatestWork)
  }
}

@Suite("Passwords")
struct PasswordsTests {
  private func secret(_ text: String) -> Secret { Secret(copying: text.utf8) }

  @Test("a password matches its own hash under its pepper, in any Unicode form, and nothing matches no hash")
  func verify() async throws {
    let vault = try await Vault.open(try await Ground.database(), MasterKey(), now: .fixed(at: Ground.start))
    let passwords = Ground.passwords(vault)
    let stored = try await passwords.hash(secret("caf\u{E9} au lait"), at: Ground.start)
    #expect(stored.work == 64 && stored.changedAt == Ground.start)
    #expect(try await passwords.verify(secret("cafe\u{301} au lait"), against: stored))
    #expect(try await !passwords.verify(secret("cafe au lait"), against: stored))
    #expect(try await !passwords.verify(secret("anything"), against: nil))
    // The stolen hash alone, without its pepper, matches nothing.
    #expect(try !PasswordHash.verify(secret("caf\u{E9} au lait"), stored.hash))
    let other = try await Vault.open(try await Ground.database(), MasterKey(), now: .fixed(at: Ground.start))
    #expect(try await !Ground.passwords(other).verify(secret("caf\u{E9} au lait"), against: stored))
  }

  @Test("a hash is outdated when the settings change or the pepper has a new generation, and goes on matching")
  func outdated() async throws {
    let database = try await Ground.database()
    let vault = try await Vault.open(database, MasterKey(), now: .fixed(at: Ground.start))
    let passwords = Ground.passwords(vault)
    let stored = try await passwords.hash(secret("a good password"), at: Ground.start)
    #expect(!passwords.isOutdated(stored))
    let dearer = Ground.passwords(vault, Argon2Parameters(memoryKiB: 128, iterations: 2))
    #expect(dearer.isOutdated(stored))
    #expect(try await dearer.verify(secret("a good password"), against: stored))
    try await vault.rotate(to: MasterKey(), at: Ground.start) { _ in }
    #expect(passwords.isOutdated(stored))
    #expect(try await passwords.verify(secret("a good password"), against: stored))
    let renewed = try await passwords.hash(secret("a good password"), at: Ground.start)
    #expect(renewed.pepperGeneration == stored.pepperGeneration + 1 && !passwords.isOutdated(renewed))
    // A hash under a pepper that is gone matches nothing and costs what it costs.
    let lost = StoredPassword(hash: stored.hash, pepperGeneration: 99, work: stored.work, changedAt: Ground.start)
    #expect(try await !passwords.verify(secret("a good password"), against: lost))
  }
}
