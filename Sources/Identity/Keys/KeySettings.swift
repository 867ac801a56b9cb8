package import Primitives

/// The configuration's `keys`: the life of the keys that sign.
package struct KeySettings: Settings {
  /// How long a key is shown to verifiers before it signs.
  package let publicationLead: Duration
  /// How long a key signs; zero for ever.
  package let rotationInterval: Duration

  package init(from reader: SettingsReader) throws(SettingsError) {
    publicationLead = try reader.duration("publicationLead", default: .days(1), in: .zero...(.days(90)))
    rotationInterval = try reader.duration("rotationInterval", default: .days(90), in: .zero...(.days(3650)))
    guard rotationInterval == .zero || rotationInterval >= max(publicationLead + .minutes(1), .hours(1)) else {
      throw reader.wrong("rotationInterval", "expected 0, or at least an hour and more than publicationLead")
    }
  }
}
