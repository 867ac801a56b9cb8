package import Primitives

/// One entry of the configuration's `proxies`: `{networks: ["10.0.0.0/8", "unix"], dialect: "x-forwarded-for", hops: 1}`.
package struct ProxySettings: Settings, Equatable {
  /// `nil`: Cloudflare's own ranges.
  package let networks: [IPNetwork]?
  /// Whether whoever connects over a Unix-domain socket is this proxy.
  package let holdsUnixSockets: Bool
  package let rule: ProxyRule

  package init(networks: [IPNetwork]?, holdsUnixSockets: Bool = false, _ dialect: ProxyDialect, hops: Int = 1) {
    self.networks = networks
    self.holdsUnixSockets = holdsUnixSockets
    rule = ProxyRule(dialect, hops: hops)
  }

  package init(from reader: SettingsReader) throws(SettingsError) {
    guard reader.has("dialect") else {
      throw reader.wrong("dialect", "say how the proxy names its clients: \(ProxyDialect.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    let dialect = try reader.choice("dialect", default: ProxyDialect.forwardedFor)
    let hops = try reader.integer("hops", default: 1, in: 1...16)
    guard hops == 1 || dialect == .forwarded || dialect == .forwardedFor else {
      throw reader.wrong("hops", "only 'forwarded' and 'x-forwarded-for' are lists; leave it away")
    }
    let isEdge = dialect == .cloudflare && !reader.has("networks")
    let texts = try reader.strings("networks", default: [])
    guard isEdge || !texts.isEmpty else { throw reader.wrong("networks", "name the proxy's addresses; nobody is trusted by default") }
    var networks: [IPNetwork] = []
    for (index, text) in texts.enumerated() where text != "unix" {
      guard let network = IPNetwork(text), !network.isEverybody else {
        throw reader.wrong(
          "networks[\(index)]",
          "expected an address, a network such as 10.0.0.0/8 (zeros after its prefix, and not everybody), or unix; found '\(text)'")
      }
      networks.append(network)
    }
    self.init(networks: isEdge ? nil : networks, holdsUnixSockets: texts.contains("unix"), dialect, hops: hops)
  }

  /// Whether Cloudflare's ranges have to be known.
  package var isEdge: Bool { networks == nil }
}
