package import Primitives

/// How a proxy says who the client is.
package enum ProxyDialect: String, Hashable, Sendable, CaseIterable {
  /// `CF-Connecting-IP` and what else Cloudflare sets.
  case cloudflare
  /// RFC 7239.
  case forwarded
  case forwardedFor = "x-forwarded-for"
  /// A header before the connection's first byte, by HAProxy's specification, version 1 or 2.
  case proxyProtocol = "proxy-protocol"
}

/// What is believed of one kind of proxy.
package struct ProxyRule: Hashable, Sendable {
  package let dialect: ProxyDialect
  /// How many proxies add an entry before the request gets here, the peer included: the client is that many from the right.
  package let hops: Int

  package init(_ dialect: ProxyDialect, hops: Int = 1) {
    self.dialect = dialect
    self.hops = hops
  }
}

/// All proxies that are believed, at one moment. Immutable; a reload or new ranges of Cloudflare make another one.
package struct ProxyTable: Sendable {
  private struct Entry: Sendable {
    let networks: [IPNetwork]
    let holdsUnixSockets: Bool
    let rule: ProxyRule
  }

  private let entries: [Entry]

  /// `edge`: Cloudflare's ranges, for entries that name no network of their own.
  package init(_ settings: [ProxySettings], edge: [IPNetwork]) {
    entries = settings.map { proxy in
      Entry(networks: proxy.networks ?? edge, holdsUnixSockets: proxy.holdsUnixSockets, rule: proxy.rule)
    }
  }

  /// Nobody is believed.
  package static let none = ProxyTable([], edge: [])

  /// The first entry that holds the peer; `nil` where it is no proxy, and whatever it says of a client is nobody's word.
  package func rule(for peer: PeerAddress) -> ProxyRule? {
    guard !entries.isEmpty else { return nil }
    guard let address = peer.address else { return entries.first { $0.holdsUnixSockets }?.rule }
    return entries.first { $0.networks.contains { $0.contains(address) } }?.rule
  }

  /// Whether a connection of this peer has to begin with a header of the PROXY protocol.
  package func announces(_ peer: PeerAddress) -> Bool { rule(for: peer)?.dialect == .proxyProtocol }
}
