internal import Cryptography
internal import Persistence
internal import Primitives
private import Synchronization
package import WebAuthn

/// Challenges of sign-ins that begin without a name. Nothing is stored for one until it is answered rightly, so that whoever asks for
/// many takes nothing away from anybody: the challenge itself says when it was made, and an HMAC over that and its application is
/// its secret.
///
/// The key is made at the start and never leaves memory. A clock that steps back gets a new one: what was forgotten as expired does
/// not become live again.
final class PasskeyChallenges: Sendable {
  private struct State {
    var key = Secret.random(count: 32)
    var latest = Instant(microseconds: .min)
  }

  // A mutex: held to copy the key.
  private let state = Mutex(State())

  static let lifetime = Duration.minutes(5)
  /// What clocks do between two readings on two threads.
  private static let tolerance = Duration.seconds(1)

  func make(for application: Application.ID?, at instant: Instant) -> OpaqueCredential? {
    let id = Identifier<PasskeyChallenges>(at: instant)
    return OpaqueCredential(.challenge, for: id, secret: secret(of: id.bytes, for: application, key: key(at: instant)))
  }

  /// Whether this server made the challenge for this application, less than five minutes ago.
  func isLive(_ challenge: OpaqueCredential, for application: Application.ID?, at instant: Instant) -> Bool {
    let key = key(at: instant)
    let milliseconds = challenge.id.prefix(6).reduce(Int64(0)) { $0 << 8 | Int64($1) }
    let madeAt = Instant(microseconds: milliseconds * 1_000)
    let expected = secret(of: challenge.id, for: application, key: key)
    let isOurs = expected.withBytes { expected in challenge.secret.withBytes { ConstantTime.areEqual(expected, $0) } }
    return isOurs && instant < madeAt + Self.lifetime
  }

  /// Looks at the time, and so finds out that the clock was set back. Returns the key.
  @discardableResult
  func key(at instant: Instant) -> Secret {
    state.withLock { state in
      if instant < state.latest - Self.tolerance { state = State() }
      state.latest = max(state.latest, instant)
      return state.key
    }
  }

  private func secret(of id: [UInt8], for application: Application.ID?, key: Secret) -> Secret {
    HMAC.sha256(Secret(copying: id + (application?.bytes ?? [])), key: key)
  }
}

/// The rows of `passkey_use`: which of these challenges were answered.
struct PasskeyUseStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// False where a parallel request was first.
  func use(_ challenge: OpaqueCredential, at instant: Instant) throws(DatabaseError) -> Bool {
    try db.row(
      """
      INSERT INTO passkey_use (challenge_id, expires_at) VALUES (\(challenge.id), \(instant + PasskeyChallenges.lifetime))
      ON CONFLICT (challenge_id) DO NOTHING RETURNING challenge_id
      """) != nil
  }

  /// Deletes at most `limit` that are over; returns how many went.
  func prune(before instant: Instant, limit: Int) throws(DatabaseError) -> Int {
    try db.rows(
      """
      DELETE FROM passkey_use WHERE challenge_id IN (
        SELECT challenge_id FROM passkey_use WHERE expires_at < \(instant) ORDER BY expires_at LIMIT \(limit)
      ) RETURNING challenge_id
      """
    ).count
  }
}

/// What sign-ins by passkey need beside the store.
package struct Passkeys: Sendable {
  let settings: PasskeySettings
  let challenges = PasskeyChallenges()

  package init(settings: PasskeySettings) { self.settings = settings }
}
