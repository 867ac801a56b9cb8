package import Primitives

/// The section `edge` of the configuration.
package struct EdgeSettings: Settings {
  /// Whether the public listener refuses what did not come through a proxy of the dialect `cloudflare`.
  package let isRequired: Bool

  package init(from reader: SettingsReader) throws(SettingsError) {
    isRequired = try reader.boolean("required", default: false)
  }
}
