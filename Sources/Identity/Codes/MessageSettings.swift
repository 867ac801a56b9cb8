package import Defense
package import Primitives

/// The configuration's `messages`: how often something is written to people, codes and notices alike. Past it nothing is sent, and
/// whoever asked is not told.
package struct MessageSettings: Settings {
  /// Codes of one user.
  package let account: Pace
  /// Codes to one mailbox or number, whoever's it is.
  package let recipient: Pace
  /// Codes that one address asks for.
  package let address: Pace
  /// Codes that one application asks for.
  package let application: Pace
  /// Codes in all.
  package let total: Pace
  /// Notices of one kind to one user.
  package let notices: Pace

  package init(from reader: SettingsReader) throws(SettingsError) {
    account = try Pace.read(reader, "account", default: Pace(perMinute: 1, burst: 5))
    recipient = try Pace.read(reader, "recipient", default: Pace(perMinute: 1, burst: 5))
    address = try Pace.read(reader, "address", default: Pace(perMinute: 600, burst: 600))
    application = try Pace.read(reader, "application", default: Pace(perMinute: 3_000, burst: 3_000))
    total = try Pace.read(reader, "total", default: Pace(perMinute: 6_000, burst: 6_000))
    notices = try Pace.read(reader, "notices", default: Pace(perMinute: 1, burst: 20))
  }
}
