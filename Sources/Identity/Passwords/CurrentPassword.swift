internal import Cryptography
internal import Journal
internal import Persistence
internal import Primitives

/// The present password of who is signed in, asked once more before a change that takes the account over: a session and a factor
/// in wrong hands are not enough for that.
struct CurrentPassword: Sendable {
  let database: any Database
  let vault: Vault
  let passwords: Passwords
  let pace: PasswordPace

  enum Verdict: Sendable, Equatable {
    case right
    case wrong
    case locked(retryAfter: Duration)
    case paced(PasswordPace.Wait)
  }

  /// Wrong ones are counted for all of the account's sessions together, apart from those of strangers. Throws
  /// `HashingPool.Overloaded`.
  func check(_ given: Secret, of account: Account, by provenance: Provenance, at instant: Instant) async throws -> Verdict {
    let digest = usernameDigest(account.username.text, vault)
    if let wait = pace.wait(digest, .signedIn, at: instant) { return .paced(wait) }
    let isRight = try await passwords.verify(given, against: account.password)
    let verdict = try await database.transaction { db in
      let verdict = try PasswordGuesses(db).judge(isRight, of: account, digest, .signedIn, by: provenance, at: instant)
      // In a row: a right one ends it.
      if verdict == .right { try PasswordFailureStore(db).clear(digest, .signedIn) }
      return verdict
    }
    switch verdict {
    case .right: return .right
    case .wrong: return .wrong
    case .locked: return .locked(retryAfter: SignIn.lockRetry)
    }
  }
}
