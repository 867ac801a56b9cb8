internal import Cryptography
internal import Persistence
internal import Primitives

/// For what a code was asked: it is good there and nowhere else.
struct CodeBinding: Sendable, Equatable {
  let bytes: [UInt8]

  static func signIn(_ challenge: Challenge.ID) -> CodeBinding { CodeBinding(bytes: [1] + challenge.bytes) }
  static func stepUp(_ stepUp: StepUpStore.Row.ID) -> CodeBinding { CodeBinding(bytes: [2] + stepUp.bytes) }
  static func recovery(_ recovery: StartedRecovery.ID) -> CodeBinding { CodeBinding(bytes: [4] + recovery.bytes) }
  /// The enrolment of a factor.
  static func confirmation(_ factor: Factor.ID) -> CodeBinding { CodeBinding(bytes: [3] + factor.bytes) }
}

/// Codes that are sent: what email and SMS factors have in common, the rows of `code_factor`. One code of a factor is live at a time;
/// it is stored as a keyed digest, bound to what asked for it, good for ten minutes and five answers, and for one of them once.
struct CodeFactor {
  private let db: any Transaction
  private let vault: Vault

  init(_ db: any Transaction, vault: Vault) {
    self.db = db
    self.vault = vault
  }

  static let lifetime = Duration.minutes(10)
  static let mostAttempts = 5
  static let digits = 6
  private static let label = "code_factor.digest"

  /// Six digits, each as likely as any other.
  static func newCode() -> String {
    let number = String(Int.random(in: 0..<1_000_000))
    return String(repeating: "0", count: digits - number.utf8.count) + number
  }

  /// Makes `code` the one live code; the one before is dead.
  func replace(
    with code: String, of factor: Factor.ID, for binding: CodeBinding, lifetime: Duration = Self.lifetime, at instant: Instant
  ) throws(DatabaseError) {
    try db.run(
      """
      UPDATE code_factor SET code_digest = \(digest(Array(code.utf8), factor, binding)), bound_to = \(binding.bytes), attempts = \(0),
        code_expires_at = \(instant + lifetime)
      WHERE factor_id = \(factor)
      """)
  }

  /// The use that `typed` would be. What is wrong takes one of the live code's answers, where the code was asked for here.
  func use(
    _ typed: Secret, of factor: Factor.ID, within binding: CodeBinding?, at instant: Instant
  ) throws(DatabaseError) -> FactorUse? {
    // A clock that was set back makes no code live for longer than it was to be.
    guard let binding,
      let row = try db.row(
        """
        SELECT code_digest FROM code_factor WHERE factor_id = \(factor) AND bound_to = \(binding.bytes) AND code_digest IS NOT NULL
          AND attempts < \(Self.mostAttempts) AND code_expires_at > \(instant) AND code_expires_at <= \(instant + Self.lifetime)
        """)
    else { return nil }
    let digits = typed.withBytes { $0.filter { $0 != UInt8(ascii: " ") } }
    let digest = digest(digits, factor, binding)
    if ConstantTime.areEqual(try row.bytes("code_digest"), digest) { return FactorUse(factor: factor, mark: .sentCode(digest: digest)) }
    try db.run("UPDATE code_factor SET attempts = attempts + 1 WHERE factor_id = \(factor)")
    return nil
  }

  /// False where another request has used this code, or it was replaced.
  func consume(_ digest: [UInt8], of factor: Factor.ID) throws(DatabaseError) -> Bool {
    try db.row(
      """
      UPDATE code_factor SET code_digest = NULL, bound_to = NULL, code_expires_at = NULL
      WHERE factor_id = \(factor) AND code_digest = \(digest) RETURNING factor_id
      """) != nil
  }

  private func digest(_ code: [UInt8], _ factor: Factor.ID, _ binding: CodeBinding) -> [UInt8] {
    HMAC.sha256(factor.bytes + binding.bytes + code, key: vault.subkey(Self.label))
  }
}
