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

/// One pace for each class.
package struct ClassPaces: Sendable {
  package let strict: Pace
  package let normal: Pace
  package let relaxed: Pace

  package subscript(paceClass: PaceClass) -> Pace? {
    switch paceClass {
    case .strict: strict
    case .normal: normal
    case .relaxed: relaxed
    case .unlimited: nil
    }
  }
}

/// The configuration's `pace`.
package struct PaceSettings: Settings {
  /// False only for measuring.
  package let isEnabled: Bool
  /// Of one address (IPv6: one /64).
  package let address: ClassPaces
  /// Of one account, whoever asks and from wherever; `strict` counts sign-ins by username.
  package let account: ClassPaces
  /// Of one application, with whatever credential.
  package let application: ClassPaces
  /// Of one application's key.
  package let key: ClassPaces
  /// Of everybody together.
  package let total: ClassPaces
  /// What a gateway asks: of one credential, and of one client without a good one; never of the gateway.
  package let decisions: Pace
  /// Of one client behind a gateway: credentials that were found bad only after their signature or the store had been asked.
  package let unknownCredentials: Pace
  /// Sources in debt that are remembered; past it those whose debt is paid first are forgotten.
  package let capacity: Int

  package init(from reader: SettingsReader) throws(SettingsError) {
    isEnabled = try reader.boolean("enabled", default: true)
    // Per address, and an application's server is one address for all of its users: the bound on guesses is the account's.
    address = try ClassPaces.read(
      reader,
      ClassPaces(
        strict: Pace(perMinute: 600, burst: 120), normal: Pace(perMinute: 1_200, burst: 300),
        relaxed: Pace(perMinute: 6_000, burst: 1_000)))
    account = try reader.section("account") { reader throws(SettingsError) in
      ClassPaces(
        strict: try Pace.read(reader, default: Pace(perMinute: 30, burst: 30)),
        normal: try Pace.read(reader, "normal", default: Pace(perMinute: 600, burst: 120)),
        relaxed: try Pace.read(reader, "relaxed", default: Pace(perMinute: 6_000, burst: 1_000)))
    }
    let ofApplication = ClassPaces(
      strict: Pace(perMinute: 6_000, burst: 1_200), normal: Pace(perMinute: 60_000, burst: 6_000),
      relaxed: Pace(perMinute: 60_000, burst: 6_000))
    application = try reader.section("application") { reader throws(SettingsError) in try ClassPaces.read(reader, ofApplication) }
    key = try reader.section("key") { reader throws(SettingsError) in try ClassPaces.read(reader, ofApplication) }
    total = try reader.section("total") { reader throws(SettingsError) in
      try ClassPaces.read(
        reader,
        ClassPaces(
          strict: Pace(perMinute: 120_000, burst: 12_000), normal: Pace(perMinute: 1_200_000, burst: 120_000),
          relaxed: Pace(perMinute: 6_000_000, burst: 600_000)))
    }
    decisions = try Pace.read(reader, "decisions", default: Pace(perMinute: 60_000, burst: 6_000))
    unknownCredentials = try Pace.read(reader, "unknownCredentials", default: Pace(perMinute: 6_000, burst: 600))
    capacity = try reader.integer("capacity", default: 1_048_576, in: 1_024...16_777_216)
  }
}

extension ClassPaces {
  fileprivate static func read(_ reader: SettingsReader, _ fallback: ClassPaces) throws(SettingsError) -> ClassPaces {
    ClassPaces(
      strict: try Pace.read(reader, "strict", default: fallback.strict), normal: try Pace.read(reader, "normal", default: fallback.normal),
      relaxed: try Pace.read(reader, "relaxed", default: fallback.relaxed))
  }
}

extension Pace {
  package static func read(_ reader: SettingsReader, _ key: String, default fallback: Pace) throws(SettingsError) -> Pace {
    try reader.section(key) { reader throws(SettingsError) in try read(reader, default: fallback) }
  }

  fileprivate static func read(_ reader: SettingsReader, default fallback: Pace) throws(SettingsError) -> Pace {
    Pace(
      perMinute: try reader.integer("perMinute", default: fallback.perMinute, in: 1...10_000_000),
      burst: try reader.integer("burst", default: fallback.burst, in: 1...10_000_000))
  }
}
