import Cryptography
import Glibc
import Journal
import Persistence
import Primitives
import Testing

@testable import Identity

/// What `Scripts/bench totp` runs: a measurement, off by default, for times say nothing in a suite.
@Suite("Cost of a TOTP check", .enabled(if: getenv("CREDENTIALFLOW_BENCH") != nil))
struct TOTPCostTests {
  private static let accounts = 256
  private static let rounds = 101

  private struct Enrolled: Sendable {
    let account: Account.ID
    let factor: Factor.ID
    let totp: TOTP
  }

  private struct Cost {
    let processor: Double
    let elapsed: Double
  }

  /// On disk, every batch durable, as a server has it.
  private func database(_ folder: String) async throws -> SQLiteDatabase {
    let settings = try DatabaseSettings(
      from: SettingsReader([:]) { path throws(SettingsError) in throw SettingsError(path: path, detail: "no file") })
    let database = try SQLiteDatabase(path: "\(folder)/store.db", settings: settings)
    _ = try await Migrator(database, now: .fixed(at: Ground.start)).run()
    return database
  }

  private func enrol(_ database: any Database, _ vault: Vault) async throws -> [Enrolled] {
    try await database.transaction { db in
      try (0..<Self.accounts).map { number in
        let account = Account(
          id: Account.ID(at: Ground.start), username: Username(stored: "user\(number)"), email: nil, phone: nil, isEnabled: true,
          password: nil, createdAt: Ground.start, version: 1)
        _ = try AccountStore(db).insert(account)
        let totp = TOTP(secret: .random(count: TOTPFactor.secretLength))
        var factor = Factor.ID(at: Ground.start)
        for method in [FactorMethod.recoveryCode, .totp] {
          factor = Factor.ID(at: Ground.start)
          try FactorStore(db).insert(
            Factor(
              id: factor, method: method, name: "", failures: 0, createdAt: Ground.start, confirmedAt: Ground.start, lastUsedAt: nil),
            of: account.id)
        }
        try TOTPFactor(db, vault: vault).insert(totp, of: factor)
        return Enrolled(account: account.id, factor: factor, totp: totp)
      }
    }
  }

  /// One call for each account, 64 under way at a time, as 64 connections would send them.
  private func measure(_ all: [Enrolled], _ body: @escaping @Sendable (Enrolled) async throws -> Void) async throws -> Cost {
    func seconds(_ clock: clockid_t) -> Double {
      var time = timespec()
      clock_gettime(clock, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    let before = (seconds(CLOCK_PROCESS_CPUTIME_ID), seconds(CLOCK_MONOTONIC))
    for start in stride(from: 0, to: all.count, by: 64) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for one in all[start..<min(start + 64, all.count)] { group.addTask { try await body(one) } }
        try await group.waitForAll()
      }
    }
    let count = Double(all.count)
    return Cost(
      processor: (seconds(CLOCK_PROCESS_CPUTIME_ID) - before.0) / count, elapsed: (seconds(CLOCK_MONOTONIC) - before.1) / count)
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  @Test("against its HMACs and one batched write")
  func ratio() async throws {
    var template = Array("/tmp/credentialflow-totp-XXXXXX".utf8CString)
    let folder = String(cString: try #require(mkdtemp(&template)))
    defer { for name in ["/store.db", "/store.db-wal", "/store.db-shm", ""] { remove(folder + name) } }
    let database = try await database(folder)
    let vault = try await Vault.open(database, MasterKey(), now: .fixed(at: Ground.start))
    let all = try await enrol(database, vault)
    let provenance = Provenance(actor: .anonymous, requestID: "bench", address: "127.0.0.1")
    var costs: [(check: Cost, bare: Cost)] = []
    for round in 0..<Self.rounds {
      let checkedAt = Ground.start + .seconds(120 * (round + 1))
      let check = try await measure(all) { one in
        let answer = FactorAnswer(method: .totp, code: Secret(copying: one.totp.code(step: one.totp.step(at: checkedAt))))
        let isGood = try await database.transaction { db in
          let factors = SecondFactors(db, vault: vault)
          guard case .right(let use) = try factors.check(answer, of: one.account, within: nil, by: provenance, at: checkedAt) else {
            return false
          }
          return try factors.consume(use, at: checkedAt)
        }
        #expect(isGood)
      }
      let bare = try await measure(all) { one in
        let step = one.totp.step(at: checkedAt) + 2
        _ = one.totp.code(step: step)
        let isWritten = try await database.transaction { db in
          for neighbour in -1...1 { _ = one.totp.code(step: step + Int64(neighbour)) }
          return try TOTPFactor(db, vault: vault).consume(step: step, of: one.factor, at: checkedAt)
        }
        #expect(isWritten)
      }
      costs.append((check, bare))
    }
    await database.close()
    Self.report(costs)
  }

  private static func report(_ costs: [(check: Cost, bare: Cost)]) {
    let processor = median(costs.map { $0.check.processor / $0.bare.processor })
    let elapsed = median(costs.map { $0.check.elapsed / $0.bare.elapsed })
    let microseconds = (median(costs.map(\.check.processor)), median(costs.map(\.bare.processor)))
    print(
      "BENCH {\"bench\": \"totp\", \"processor\": \(processor), \"elapsed\": \(elapsed), \"required\": {\"processor\": 1.2},",
      "\"passed\": \(processor <= 1.2), \"microseconds\": {\"check\": \(microseconds.0 * 1e6), \"bare\": \(microseconds.1 * 1e6)}}")
  }
}
