package import Cryptography
package import Persistence
package import Primitives
private import Synchronization

/// Hashing and checking passwords, off the event loops, at the same cost whatever the answer.
///
/// Under every hash lies a pepper: Argon2id is computed over HMAC-SHA256(pepper, NFC(password)), so that a stolen database
/// alone cannot be guessed at.
package final class Passwords: Sendable {
  private let pool: HashingPool
  private let parameters: Argon2Parameters
  private let vault: Vault
  /// The work that every check costs: the configured parameters', or that of the costliest hash in the store.
  private let work: Atomic<Int>
  /// What an unknown user is checked against: no password matches it.
  private let decoy: String

  package init(pool: HashingPool, parameters: Argon2Parameters, vault: Vault, greatestWork: Int) {
    self.pool = pool
    self.parameters = parameters
    self.vault = vault
    work = Atomic(max(parameters.work, greatestWork))
    decoy = PasswordHash.decoy(parameters)
  }

  /// The hash of a new password. Throws `HashingPool.Overloaded`.
  package func hash(_ password: Secret, at instant: Instant) async throws -> StoredPassword {
    let (generation, key) = try vault.pepper()
    let peppered = Self.pepper(password, key)
    let parameters = parameters
    let hash = try await pool.run { try PasswordHash.hash(peppered, parameters) }
    return StoredPassword(hash: hash, pepperGeneration: generation, work: parameters.work, changedAt: instant)
  }

  /// Whether `password` is the stored one; false where there is none. The work is the same in every case: a cheaper hash, or
  /// none, is topped up. Throws `HashingPool.Overloaded`.
  package func verify(_ password: Secret, against stored: StoredPassword?) async throws -> Bool {
    let newest = try vault.pepper().key
    let key = stored.map { vault.pepper(generation: $0.pepperGeneration) } ?? newest
    let peppered = Self.pepper(password, key ?? newest)
    // A hash whose pepper is gone cannot be matched, but costs what it costs.
    let hash = stored?.hash ?? decoy
    let canMatch = stored != nil && key != nil
    let missing = work.load(ordering: .relaxed) - (stored?.work ?? parameters.work)
    let parameters = parameters
    return try await pool.run {
      let isRight = try PasswordHash.verify(peppered, hash)
      if missing > 0 { try PasswordHash.burn(work: missing, memoryKiB: parameters.memoryKiB) }
      return isRight && canMatch
    }
  }

  /// Other work on passwords that must not run on an event loop. Throws `HashingPool.Overloaded`.
  func onPool<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value { try await pool.run(work) }

  /// Whether a hash is older than the settings: cheaper, or under an old pepper.
  package func isOutdated(_ stored: StoredPassword) -> Bool {
    stored.pepperGeneration != (try? vault.pepper().generation) || PasswordHash.needsRehash(stored.hash, parameters)
  }

  private static func pepper(_ password: Secret, _ key: Secret) -> Secret {
    // What is not UTF-8 was refused when it was set, so any bytes will do to check it against.
    let normal = UnicodeForm.nfc(password) ?? password
    return HMAC.sha256(normal, key: key)
  }
}
