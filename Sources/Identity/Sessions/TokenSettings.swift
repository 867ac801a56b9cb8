package import Cryptography
package import Primitives

/// The configuration's `tokens`.
package struct TokenSettings: Settings {
  package let algorithm: SigningAlgorithm
  package let accessLifetime: Duration
  package let refreshLifetime: Duration
  package let sessionLifetime: Duration

  package init(from reader: SettingsReader) throws(SettingsError) {
    algorithm = try reader.choice("algorithm", default: .es256)
    accessLifetime = try reader.duration("accessLifetime", default: .minutes(10), in: .seconds(10)...(.days(1)))
    refreshLifetime = try reader.duration("refreshLifetime", default: .days(14), in: .minutes(1)...(.days(365)))
    sessionLifetime = try reader.duration("sessionLifetime", default: .days(30), in: .minutes(1)...(.days(3650)))
  }
}
