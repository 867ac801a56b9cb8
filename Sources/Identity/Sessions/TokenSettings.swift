package import Cryptography
package import Primitives

/// The configuration's `tokens`.
package struct TokenSettings: Settings {
  package let algorithm: SigningAlgorithm
  package let accessLifetime: Duration
  package let refreshLifetime: Duration
  /// How long a refresh token that was used may be sent again by a client that lost the answer.
  package let refreshGrace: Duration
  package let sessionLifetime: Duration
  /// A session that nothing has refreshed for so long is over; zero leaves that to `refreshLifetime`.
  package let idleLifetime: Duration
  /// Live sessions of one user; with the next one the oldest ends.
  package let sessionsPerUser: Int

  package init(from reader: SettingsReader) throws(SettingsError) {
    algorithm = try reader.choice("algorithm", default: .es256)
    accessLifetime = try reader.duration("accessLifetime", default: .minutes(10), in: .seconds(10)...(.days(1)))
    refreshLifetime = try reader.duration("refreshLifetime", default: .days(14), in: .minutes(1)...(.days(365)))
    refreshGrace = try reader.duration("refreshGrace", default: .seconds(10), in: .zero ... .seconds(60))
    sessionLifetime = try reader.duration("sessionLifetime", default: .days(30), in: .minutes(1)...(.days(3650)))
    idleLifetime = try reader.duration("idleLifetime", default: .zero, in: .zero ... .days(3650))
    sessionsPerUser = try reader.integer("sessionsPerUser", default: 100, in: 1...10_000)
  }

  /// Until when a session that is used now may be refreshed: never beyond its own end.
  func refreshEnd(from instant: Instant, sessionEnd: Instant) -> Instant {
    let idle = idleLifetime > .zero ? min(idleLifetime, refreshLifetime) : refreshLifetime
    return min(instant + idle, sessionEnd)
  }
}
