package import Persistence
package import Primitives
private import Synchronization

/// Forgets what is over, in small steps: each step is one short transaction, so that sign-ins never wait long for it. Safe to
/// run from several places at once.
package final class Pruning: Sendable {
  private let database: any Database
  private let settings: TokenSettings
  private let revoked: RevokedTokens
  private let passkeys: Passkeys
  private let now: Now
  // A mutex: held to copy or replace one position.
  private let position: Mutex<[UInt8]> = Mutex([])

  package init(database: any Database, settings: TokenSettings, revoked: RevokedTokens, passkeys: Passkeys, now: Now) {
    self.database = database
    self.settings = settings
    self.revoked = revoked
    self.passkeys = passkeys
    self.now = now
  }

  private static let step = 500
  /// Ended sessions are kept a while for whoever looks into an incident.
  private static let sessionRetention = Duration.days(7)
  private static let keyRetention = Duration.days(90)
  private static let failureRetention = Duration.days(90)

  /// Returns when nothing is left to forget, or after `mostSteps`.
  package func run(mostSteps: Int = 100) async throws {
    try await pruneIdle()
    revoked.prune(before: now() - RevokedTokens.retention)
    for _ in 0..<mostSteps {
      let at = now()
      passkeys.challenges.key(at: at)
      let gone = try await database.transaction { [settings] db in
        try SessionStore(db).pruneSuccessors(at: at, grace: settings.refreshGrace, limit: Self.step)
          + ChallengeStore(db).prune(before: at, limit: Self.step) + StepUpStore(db).prune(before: at, limit: Self.step)
          + FactorStore(db).pruneUnconfirmed(before: at - EnrollmentState.lifetime, limit: Self.step)
          + PasskeyUseStore(db).prune(before: at, limit: Self.step)
          + InvitationStore(db).prune(before: at, limit: Self.step)
          + RecoveryStore(db).prune(before: at, limit: Self.step) + RegistrationStore(db).prune(before: at, limit: Self.step)
          + AddressChangeStore(db).prune(before: at, limit: Self.step)
          + UserKeyStore(db).prune(before: at - Self.keyRetention, limit: Self.step)
          + SessionStore(db).prune(before: at - Self.sessionRetention, limit: Self.step)
          + RevocationStore(db).prune(before: at - RevokedTokens.retention, limit: Self.step)
          + RevokedTokenStore(db).prune(before: at - RevokedTokens.retention, limit: Self.step)
          + PasswordFailureStore(db).prune(before: at - Self.failureRetention, limit: Self.step)
          + PasswordFailureStore(db).pruneBeyondCapacity(limit: Self.step) + OutboxStore(db).pruneDead(at: at, limit: Self.step)
          + DailyBudget(db).prune(at: at)
      }
      if gone == 0 { return }
    }
  }

  /// One step of the endless walk along all sessions.
  private func pruneIdle() async throws {
    let at = now()
    let start = position.withLock { $0 }
    let next = try await database.transaction { db in
      try SessionStore(db).pruneIdle(after: start, before: at - Self.sessionRetention, limit: Self.step).next
    }
    position.withLock { $0 = next ?? [] }
  }
}
