package import Primitives

/// Who calls, and what proves it. Made here and nowhere else, from the connection's peer and, where that peer is a configured proxy,
/// from the request's fields in the proxy's dialect. Nothing else in the program reads `CF-*`, `Forwarded` or `X-Forwarded-For`
/// (`Scripts/check-sources` looks).
package struct ClientAddress: Hashable, Sendable, CustomStringConvertible {
  /// Who stands at the other end of the connection, or who a PROXY protocol header says: the client, or the last proxy before us.
  /// What `authz.gateways` asks about; never who is counted, recorded or logged.
  package let peer: PeerAddress
  /// The client's; `nil` for a process of this machine on a Unix-domain socket.
  package let address: IPAddress?
  package let proof: AddressProof

  private init(peer: PeerAddress, address: IPAddress?, proof: AddressProof) {
    self.peer = peer
    self.address = address
    self.proof = proof
  }

  /// A connection's own. `isAnnounced`: a configured proxy has named the peer in a PROXY protocol header.
  package init(of peer: PeerAddress, isAnnounced: Bool = false) {
    let isLocal = peer.address == nil
    self.init(peer: peer, address: peer.address, proof: isAnnounced ? .proxyHeader : isLocal ? .unixSocket : .socket)
  }

  /// The client of one request over the connection of `own`, whose peer is a proxy under `rule`. What the proxy does not say as it
  /// should proves nothing; then the address stays the peer's.
  package init(_ own: ClientAddress, reading headers: Headers, by rule: ProxyRule) {
    do throws(AddressDoubt) {
      switch rule.dialect {
      // Said before the request, in the header of the connection.
      case .proxyProtocol: self = own
      case .forwarded:
        let address = try Forwarded.client(headers, hops: rule.hops)
        self.init(peer: own.peer, address: address, proof: .field(.forwarded))
      case .forwardedFor:
        let address = try ForwardedFor.client(headers, hops: rule.hops)
        self.init(peer: own.peer, address: address, proof: .field(.forwardedFor))
      case .cloudflare:
        let address = try CloudflareFields.client(headers)
        self.init(peer: own.peer, address: address, proof: .edge(CloudflareFields.facts(headers)))
      }
    } catch {
      self.init(peer: own.peer, address: own.address, proof: .unproven(rule.dialect, error))
    }
  }

  /// What limits count together: an IPv4 address, or the /64 that one IPv6 customer holds. `nil` for a process of this machine.
  package var site: IPAddress? { address?.site }

  /// What is counted together, for people: `192.0.2.1`, `2001:db8::/64`, `local`.
  package var siteDescription: String {
    guard let address else { return description }
    return address.isIPv4 ? address.description : "\(address.site)/64"
  }

  /// The address; `local` for a process of this machine. The form that is logged and recorded.
  package var description: String { address?.description ?? "local" }

  /// What Cloudflare said, where the request is proven to come from there.
  package var edge: EdgeFacts? { if case .edge(let facts) = proof { facts } else { nil } }

  /// Whether the peer is a proxy whose word on the client counts.
  package var isNamedByProxy: Bool {
    switch proof {
    case .field, .edge: true
    case .socket, .unixSocket, .proxyHeader, .unproven: false
    }
  }

  /// Whether the request came through a configured edge, whatever that said of the client.
  package var isThroughEdge: Bool {
    switch proof {
    case .edge, .unproven(.cloudflare, _): true
    case .socket, .unixSocket, .proxyHeader, .field, .unproven: false
    }
  }
}

extension IPAddress {
  /// Strict, as `init(_: String)`, and none that nobody can call from.
  init?(field text: ArraySlice<UInt8>) {
    guard (2...45).contains(text.count), let address = IPAddress(String(decoding: text, as: UTF8.self)), !address.isUnspecified
    else { return nil }
    self = address
  }
}
