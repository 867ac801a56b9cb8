package import Primitives

/// The section `cloudflare` of the configuration.
package struct CloudflareSettings: Settings {
  /// Where the list of Cloudflare's networks is fetched.
  package let rangesURL: String
  /// Between two looks at it.
  package let rangesInterval: Duration

  package init(from reader: SettingsReader) throws(SettingsError) {
    rangesURL = try reader.string("rangesURL", default: "https://api.cloudflare.com/client/v4/ips")
    guard rangesURL.hasPrefix("https://") || rangesURL.hasPrefix("http://127.0.0.1") else {
      throw reader.wrong("rangesURL", "expected an https address, found '\(rangesURL)'")
    }
    rangesInterval = try reader.duration("rangesInterval", default: .hours(24), in: .seconds(60)...(.days(30)))
  }
}
