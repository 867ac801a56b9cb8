package import Primitives

/// How often one source may ask. `burst` at once, then `perMinute`.
package struct Pace: Sendable, Equatable {
  package let perMinute: Int
  package let burst: Int

  package init(perMinute: Int, burst: Int) {
    self.perMinute = perMinute
    self.burst = burst
  }
}

/// The classes that `Routes.swift` names. A route that names none does not compile.
package enum PaceClass: String, Sendable, CaseIterable {
  /// Whatever takes a guess: sign-in, second factor, client secret.
  case strict
  /// What changes something on behalf of somebody who is known.
  case normal
  /// What reads: key sets, `GET /auth/me`.
  case relaxed
  /// Health probes and what a gateway asks on every request.
  case unlimited
}

/// The configuration's `pace`.
package struct PaceSettings: Settings {
  /// False only for measuring.
  package let isEnabled: Bool
  package let strict: Pace
  package let normal: Pace
  package let relaxed: Pace
  /// Sign-ins for one username, whoever asks and from wherever.
  package let account: Pace
  /// What a gateway asks: of one credential, and of one client without a good one; never of the gateway.
  package let decisions: Pace
  /// Sources remembered; past it the longest idle are forgotten.
  package let capacity: Int

  package init(from reader: SettingsReader) throws(SettingsError) {
    isEnabled = try reader.boolean("enabled", default: true)
    // Per address, and an application's server is one address for all of its users: the bound on guesses is the account's.
    strict = try Pace.read(reader, "strict", default: Pace(perMinute: 600, burst: 120))
    normal = try Pace.read(reader, "normal", default: Pace(perMinute: 1_200, burst: 300))
    relaxed = try Pace.read(reader, "relaxed", default: Pace(perMinute: 6_000, burst: 1_000))
    account = try Pace.read(reader, "account", default: Pace(perMinute: 30, burst: 30))
    decisions = try Pace.read(reader, "decisions", default: Pace(perMinute: 60_000, burst: 6_000))
    capacity = try reader.integer("capacity", default: 65_536, in: 1_024...1_048_576)
  }

  package func pace(of paceClass: PaceClass) -> Pace? {
    guard isEnabled else { return nil }
    switch paceClass {
    case .strict: return strict
    case .normal: return normal
    case .relaxed: return relaxed
    case .unlimited: return nil
    }
  }
}

extension Pace {
  fileprivate static func read(_ reader: SettingsReader, _ key: String, default fallback: Pace) throws(SettingsError) -> Pace {
    try reader.section(key) { reader throws(SettingsError) in
      Pace(
        perMinute: try reader.integer("perMinute", default: fallback.perMinute, in: 1...10_000_000),
        burst: try reader.integer("burst", default: fallback.burst, in: 1...10_000_000))
    }
  }
}
