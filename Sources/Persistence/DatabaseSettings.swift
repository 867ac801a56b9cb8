package import Primitives

/// The configuration's `database`.
package struct DatabaseSettings: Settings {
  /// How long to wait for a lock that another process holds.
  package let busyTimeout: Duration
  /// Writes that may wait; past it they are refused.
  package let queue: Int

  package init(from reader: SettingsReader) throws(SettingsError) {
    busyTimeout = try reader.duration("busyTimeout", default: .seconds(5), in: .zero ... .seconds(60))
    queue = try reader.integer("queue", default: 4_096, in: 16...1_048_576)
  }
}
