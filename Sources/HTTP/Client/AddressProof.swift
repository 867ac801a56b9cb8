/// Why an address is believed to be the client's.
package enum AddressProof: Hashable, Sendable {
  /// The TCP handshake: nobody stands between.
  case socket
  /// A process of this machine that may open the Unix-domain socket's file; it has no address.
  case unixSocket
  /// The header of the PROXY protocol, from a configured proxy.
  case proxyHeader
  /// A field that a configured proxy wrote, in this dialect.
  case field(ProxyDialect)
  /// Cloudflare's edge.
  case edge(EdgeFacts)
  /// The peer is a configured proxy of this dialect, and what it says of the client cannot be used: the address is the peer's own.
  case unproven(ProxyDialect, AddressDoubt)
}

/// What Cloudflare says of a request beside the client's address; each `nil` where it is absent, repeated or out of form.
package struct EdgeFacts: Hashable, Sendable {
  /// `CF-Ray`, as `<16 hexadecimal digits>-<data centre>`.
  package let ray: String?
  /// `CF-IPCountry`: ISO 3166-1 alpha-2, `XX` unknown, `T1` Tor.
  package let country: String?
  /// `cf-ja4`: the fingerprint of the client's TLS handshake.
  package let ja4: String?
}

/// Why a proxy's word on the client cannot be used.
package enum AddressDoubt: String, Error, Hashable, Sendable {
  /// It says nothing, though it should: "Remove visitor IP headers" at Cloudflare does that.
  case absent
  /// It says it more than once, where once is the rule.
  case repeated
  /// What stands there is no address in the form that the dialect has.
  case malformed
  /// There are fewer entries than proxies.
  case tooFew = "too_few"
  /// `unknown`, or a name that only the proxy can read (RFC 7239, section 6.3).
  case hidden
}
