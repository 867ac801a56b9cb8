internal import Cryptography
internal import Persistence
internal import Primitives

/// Ten codes on paper, each good once. Only keyed digests are stored.
struct RecoveryCodes {
  private let db: any Transaction
  private let vault: Vault

  init(_ db: any Transaction, vault: Vault) {
    self.db = db
    self.vault = vault
  }

  private static let label = "recovery_code.digest"

  func insert(_ codes: [RecoveryCode], of factor: Factor.ID) throws(DatabaseError) {
    let key = vault.subkey(Self.label)
    for code in codes {
      try db.run("INSERT INTO recovery_code (factor_id, digest, used_at) VALUES (\(factor), \(code.digest(key: key)), NULL)")
    }
  }

  func use(_ typed: Secret, of factor: Factor.ID) throws(DatabaseError) -> FactorUse? {
    guard let code = RecoveryCode(parsing: typed) else { return nil }
    let digest = code.digest(key: vault.subkey(Self.label))
    let row = try db.row("SELECT digest FROM recovery_code WHERE factor_id = \(factor) AND digest = \(digest) AND used_at IS NULL")
    return row == nil ? nil : FactorUse(factor: factor, mark: .recoveryCode(digest: digest))
  }

  /// False where another request has used this code.
  func consume(_ digest: [UInt8], of factor: Factor.ID, at instant: Instant) throws(DatabaseError) -> Bool {
    try db.row(
      """
      UPDATE recovery_code SET used_at = \(instant)
      WHERE factor_id = \(factor) AND digest = \(digest) AND used_at IS NULL RETURNING used_at
      """) != nil
  }

  func remaining(of factor: Factor.ID) throws(DatabaseError) -> Int {
    let row = try db.row("SELECT COUNT(*) AS remaining FROM recovery_code WHERE factor_id = \(factor) AND used_at IS NULL")
    return Int(try row?.integer("remaining") ?? 0)
  }
}
