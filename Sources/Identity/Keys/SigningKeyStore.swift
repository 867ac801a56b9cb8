package import Cryptography
internal import Persistence
package import Primitives
package import Tokens

/// The rows of `signing_key`. The private half is sealed and bound to its `kid`.
struct SigningKeyStore {
  private let db: any Transaction
  private let vault: Vault

  init(_ db: any Transaction, vault: Vault) {
    self.db = db
    self.vault = vault
  }

  private static let purpose = "signing_key.private_key"

  /// False where the algorithm has an active key already.
  func insertActive(_ key: SigningKey, at instant: Instant) throws -> Bool {
    let kid = key.thumbprint
    let sealed = try vault.seal(try key.pkcs8(), as: Self.purpose, for: Array(kid.utf8))
    let inserted = try db.row(
      """
      INSERT INTO signing_key (kid, algorithm, state, private_key, created_at, activated_at, retired_at)
      VALUES (\(kid), \(key.algorithm.rawValue), \(StoredKey.State.active.rawValue), \(sealed), \(instant), \(instant), NULL)
      ON CONFLICT DO NOTHING RETURNING kid
      """)
    return inserted != nil
  }

  /// Seals anew what is outdated; there are never many keys. Returns how many.
  func reseal() throws -> Int {
    var count = 0
    for row in try db.rows("SELECT kid, private_key FROM signing_key") {
      let kid = try row.text("kid")
      let old = try row.bytes("private_key")
      guard vault.isOutdated(old) else { continue }
      let new = try vault.seal(try vault.open(old, as: Self.purpose, for: Array(kid.utf8)), as: Self.purpose, for: Array(kid.utf8))
      try db.run("UPDATE signing_key SET private_key = \(new) WHERE kid = \(kid)")
      count += 1
    }
    return count
  }

  /// Every key that is still to be published, the oldest first.
  func keys() throws -> [StoredKey] {
    try db.rows("SELECT * FROM signing_key WHERE state <> 'gone' ORDER BY created_at, kid").map { row in
      let kid = try row.text("kid")
      guard let algorithm = SigningAlgorithm(rawValue: try row.text("algorithm")) else {
        throw DatabaseError.unexpectedValue(column: "algorithm")
      }
      guard let state = StoredKey.State(rawValue: try row.text("state")) else { throw DatabaseError.unexpectedValue(column: "state") }
      let secret = try vault.open(try row.bytes("private_key"), as: Self.purpose, for: Array(kid.utf8))
      return StoredKey(
        key: try SigningKey(pkcs8: secret, algorithm), state: state, createdAt: try row.instant("created_at"))
    }
  }
}

/// A signing key with its place in its life: published, active, retiring, gone.
package struct StoredKey: Sendable {
  package typealias State = KeySet.State

  package let key: SigningKey
  package let state: State
  package let createdAt: Instant
}
