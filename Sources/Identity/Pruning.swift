package import Persistence
package import Primitives

/// Forgets what is over, in small steps: each step is one short transaction, so that sign-ins never wait long for it. Safe to
/// run from several places at once.
package struct Pruning: Sendable {
  private let database: any Database
  private let now: Now

  package init(database: any Database, now: Now) {
    self.database = database
    self.now = now
  }

  private static let step = 500
  /// Ended sessions are kept a while for whoever looks into an incident.
  private static let sessionRetention = Duration.days(7)
  private static let failureRetention = Duration.days(90)

  /// Returns when nothing is left to forget, or after `mostSteps`.
  package func run(mostSteps: Int = 100) async throws {
    for _ in 0..<mostSteps {
      let at = now()
      let gone = try await database.transaction { db in
        try ChallengeStore(db).prune(before: at, limit: Self.step)
          + SessionStore(db).prune(before: at - Self.sessionRetention, limit: Self.step)
          + PasswordFailureStore(db).prune(before: at - Self.failureRetention, limit: Self.step)
          + PasswordFailureStore(db).pruneBeyondCapacity(limit: Self.step)
      }
      if gone == 0 { return }
    }
  }
}
