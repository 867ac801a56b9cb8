package import Primitives

/// The section `cloudflare` of the configuration.
package struct CloudflareSettings: Settings {
  /// Where the list of Cloudflare's networks is fetched.
  package let rangesURL: String
  /// Between two looks at it.
  package let rangesInterval: Duration

  package init(from reader: SettingsReader) throws(SettingsError) {
    rangesURL = try reader.string("rangesURL", default: "https://api.cloudflare.com/client/v4/ips")
    rangesInterval = try reader.duration("rangesInterval", default: .hours(24), in: .seconds(60)...(.days(30)))
  }
}
