internal import Cryptography
internal import Persistence
internal import Primitives
internal import Tokens

/// The rows of `signing_key`. The private half is sealed and bound to its `kid`; of a key that is gone it is empty.
struct SigningKeyStore {
  private let db: any Transaction
  private let vault: Vault

  init(_ db: any Transaction, vault: Vault) {
    self.db = db
    self.vault = vault
  }

  private static let purpose = "signing_key.private_key"

  /// Takes one step of the machine. False where the row was not as the step takes it to be.
  func take(_ step: SigningKeyLife.Step, fresh: SigningKey?, _ schedule: KeySchedule, at instant: Instant) throws -> Bool {
    db.announce(.signingKeys)
    return switch step {
    case .publish(_, let activatesAt): try insert(fresh, .published, activatesAt: activatesAt, schedule, at: instant)
    case .install: try insert(fresh, .active, activatesAt: nil, schedule, at: instant)
    case .activate(let kid):
      try db.row(
        """
        UPDATE signing_key SET state = 'active', activated_at = \(instant), longest_lifetime = \(schedule.longestLifetime.inMicroseconds)
        WHERE kid = \(kid) AND state = 'published' RETURNING kid
        """) != nil
    case .retire(let kid, let goneAt):
      try db.row(
        """
        UPDATE signing_key SET state = 'retiring', retired_at = \(instant), gone_at = \(goneAt)
        WHERE kid = \(kid) AND state = 'active' RETURNING kid
        """) != nil
    case .lengthen(let kid):
      try db.row(
        """
        UPDATE signing_key SET longest_lifetime = \(schedule.longestLifetime.inMicroseconds)
        WHERE kid = \(kid) AND state = 'active' RETURNING kid
        """) != nil
    case .drop(let kid):
      try db.row(
        """
        UPDATE signing_key SET state = 'gone', gone_at = \(instant), private_key = \([UInt8]())
        WHERE kid = \(kid) AND state <> 'gone' RETURNING kid
        """) != nil
    }
  }

  private func insert(
    _ key: SigningKey?, _ stage: SigningKeyRecord.Stage, activatesAt: Instant?, _ schedule: KeySchedule, at instant: Instant
  ) throws -> Bool {
    guard let key else { return false }
    let kid = key.thumbprint
    let sealed = try vault.seal(try key.pkcs8(), as: Self.purpose, for: Array(kid.utf8))
    let activatedAt = stage == .active ? instant : nil
    return try db.row(
      """
      INSERT INTO signing_key (kid, algorithm, state, private_key, created_at, activates_at, activated_at, retired_at, gone_at,
        longest_lifetime)
      VALUES (\(kid), \(key.algorithm.rawValue), \(stage.rawValue), \(sealed), \(instant), \(activatesAt), \(activatedAt), NULL, NULL,
        \(schedule.longestLifetime.inMicroseconds))
      ON CONFLICT DO NOTHING RETURNING kid
      """) != nil
  }

  /// Seals anew what is outdated; there are never many keys. Returns how many.
  func reseal() throws -> Int {
    var count = 0
    for row in try db.rows("SELECT kid, private_key FROM signing_key WHERE state <> 'gone'") {
      let kid = try row.text("kid")
      let old = try row.bytes("private_key")
      guard vault.isOutdated(old) else { continue }
      let new = try vault.seal(try vault.open(old, as: Self.purpose, for: Array(kid.utf8)), as: Self.purpose, for: Array(kid.utf8))
      try db.run("UPDATE signing_key SET private_key = \(new) WHERE kid = \(kid)")
      count += 1
    }
    return count
  }

  /// Every key that is not gone, the oldest first.
  func records() throws(DatabaseError) -> [SigningKeyRecord] {
    var records: [SigningKeyRecord] = []
    for row in try db.rows("SELECT * FROM signing_key WHERE state <> 'gone' ORDER BY created_at, kid") {
      records.append(try record(from: row))
    }
    return records
  }

  func record(_ kid: String) throws(DatabaseError) -> SigningKeyRecord? {
    guard let row = try db.row("SELECT * FROM signing_key WHERE kid = \(kid)") else { return nil }
    return try record(from: row)
  }

  /// What tokens are issued and verified with.
  func keySet() throws -> KeySet {
    KeySet(
      try db.rows("SELECT * FROM signing_key WHERE state <> 'gone' ORDER BY created_at, kid").compactMap { row in
        let record = try record(from: row)
        guard let state = record.stage.live else { return nil }
        let secret = try vault.open(try row.bytes("private_key"), as: Self.purpose, for: Array(record.kid.utf8))
        return KeySet.Entry(try SigningKey(pkcs8: secret, record.algorithm), state)
      })
  }

  private func record(from row: Row) throws(DatabaseError) -> SigningKeyRecord {
    guard let algorithm = SigningAlgorithm(rawValue: try row.text("algorithm")) else { throw .unexpectedValue(column: "algorithm") }
    guard let stage = SigningKeyRecord.Stage(rawValue: try row.text("state")) else { throw .unexpectedValue(column: "state") }
    return SigningKeyRecord(
      kid: try row.text("kid"), algorithm: algorithm, stage: stage, createdAt: try row.instant("created_at"),
      activatesAt: try row.instantIfPresent("activates_at"), activatedAt: try row.instantIfPresent("activated_at"),
      goneAt: try row.instantIfPresent("gone_at"), longestLifetime: .microseconds(try row.integer("longest_lifetime")))
  }
}
