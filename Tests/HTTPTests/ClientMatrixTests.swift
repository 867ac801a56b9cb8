import HTTP
import Primitives
import Testing

/// Every dialect against every kind of peer, against everything that can stand in the fields.
@Suite("who the client is: dialects, peers, fields")
struct ClientMatrixTests {
  /// Who connects.
  enum Peer: String, CaseIterable, Sendable {
    case trusted4, trusted6, mapped, loopback, loopback6, unix, unknown, unknown6

    var address: PeerAddress {
      switch self {
      case .trusted4: .internet(.of("10.1.2.3"), port: 4711)
      case .trusted6: .internet(.of("2001:db8:10::3"), port: 4711)
      case .mapped: .internet(.of("::ffff:10.1.2.4"), port: 4711)
      case .loopback: .internet(.of("127.0.0.1"), port: 4711)
      case .loopback6: .internet(.of("::1"), port: 4711)
      case .unix: .local
      case .unknown: .internet(.of("192.0.2.99"), port: 4711)
      case .unknown6: .internet(.of("2001:db8:99::1"), port: 4711)
      }
    }

    var isTrusted: Bool { [.trusted4, .trusted6, .mapped].contains(self) }
  }

  static let networks = [IPNetwork("10.0.0.0/8"), IPNetwork("2001:db8:10::/48")].compactMap { $0 }

  static func table(_ dialect: ProxyDialect, hops: Int = 1, unix: Bool = false) -> ProxyTable {
    ProxyTable([ProxySettings(networks: networks, holdsUnixSockets: unix, dialect, hops: hops)], edge: [])
  }

  static func client(_ peer: PeerAddress, _ fields: [(String, String)], _ table: ProxyTable) -> ClientAddress {
    let own = ClientAddress(of: peer)
    return table.rule(for: peer).map { ClientAddress(own, reading: Headers(fields), by: $0) } ?? own
  }

  /// The fields of a request, and what each dialect makes of them for a trusted peer: an address, or a doubt.
  struct Sent: Sendable, CustomTestStringConvertible {
    let title: String
    let fields: [(String, String)]
    let cloudflare: String
    let forwarded: String
    let forwardedFor: String

    var testDescription: String { title }

    func expected(_ dialect: ProxyDialect) -> String {
      switch dialect {
      case .cloudflare: cloudflare
      case .forwarded: forwarded
      case .forwardedFor: forwardedFor
      case .proxyProtocol: "own"
      }
    }
  }

  static let many = (1...500).map { "198.51.100.\($0 % 250 + 1)" }

  static let sent: [Sent] = [
    Sent(title: "nothing", fields: [], cloudflare: "absent", forwarded: "absent", forwardedFor: "absent"),
    Sent(
      title: "each once",
      fields: [("CF-Connecting-IP", "203.0.113.1"), ("Forwarded", "for=203.0.113.2"), ("X-Forwarded-For", "203.0.113.3")],
      cloudflare: "203.0.113.1", forwarded: "203.0.113.2", forwardedFor: "203.0.113.3"),
    Sent(
      title: "IPv6",
      fields: [
        ("cf-connecting-ip", "2001:db8::1"), ("forwarded", #"for="[2001:db8::2]:80""#), ("x-forwarded-for", "2001:db8::3"),
      ], cloudflare: "2001:db8::1", forwarded: "2001:db8::2", forwardedFor: "2001:db8::3"),
    Sent(
      title: "repeated lines",
      fields: [
        ("CF-Connecting-IP", "203.0.113.1"), ("CF-Connecting-IP", "203.0.113.1"), ("Forwarded", "for=6.6.6.6"),
        ("X-Forwarded-For", "6.6.6.6"), ("Forwarded", "for=203.0.113.2"), ("X-Forwarded-For", "203.0.113.3"),
      ], cloudflare: "repeated", forwarded: "203.0.113.2", forwardedFor: "203.0.113.3"),
    Sent(
      title: "other dialects and names only",
      fields: [
        ("X-Real-IP", "6.6.6.6"), ("True-Client-IP", "6.6.6.6"), ("X-Forwarded", "for=6.6.6.6"), ("CF_Connecting_IP", "6.6.6.6"),
        ("X_Forwarded_For", "6.6.6.6"), ("CF-Connecting-IPv6", "2001:db8::6"), ("X-Client-IP", "6.6.6.6"),
      ], cloudflare: "absent", forwarded: "absent", forwardedFor: "absent"),
    Sent(
      title: "lists whose left is the client's own word",
      fields: [
        ("CF-Connecting-IP", "6.6.6.6, 203.0.113.1"), ("Forwarded", #"for="6.6.6.6, for=203.0.113.2"#),
        ("X-Forwarded-For", "rubbish,,\", 6.6.6.6,203.0.113.3"),
      ], cloudflare: "malformed", forwarded: "203.0.113.2", forwardedFor: "203.0.113.3"),
    Sent(
      title: "not as it must be", fields: [("CF-Connecting-IP", "localhost"), ("Forwarded", "for=203.0.113.2;"), ("X-Forwarded-For", "")],
      cloudflare: "malformed", forwarded: "203.0.113.2", forwardedFor: "malformed"),
    Sent(
      title: "rubbish", fields: [("CF-Connecting-IP", "\u{fc}"), ("Forwarded", "\u{fc}"), ("X-Forwarded-For", "203.0.113.3,")],
      cloudflare: "malformed", forwarded: "malformed", forwardedFor: "malformed"),
    Sent(
      title: "hidden", fields: [("CF-Connecting-IP", "unknown"), ("Forwarded", "for=unknown"), ("X-Forwarded-For", "unknown")],
      cloudflare: "malformed", forwarded: "hidden", forwardedFor: "malformed"),
    Sent(
      title: "500 entries",
      fields: [
        ("CF-Connecting-IP", many.joined(separator: ", ")),
        ("Forwarded", (many.map { "for=\($0)" } + ["for=203.0.113.2"]).joined(separator: ",")),
        ("X-Forwarded-For", (many + ["203.0.113.3"]).joined(separator: ", ")),
      ], cloudflare: "malformed", forwarded: "203.0.113.2", forwardedFor: "203.0.113.3"),
    Sent(
      title: "500 lines",
      fields: many.flatMap { [("CF-Connecting-IP", $0), ("Forwarded", "for=\($0)"), ("X-Forwarded-For", $0)] } + [
        ("Forwarded", "for=203.0.113.2"), ("X-Forwarded-For", "203.0.113.3"),
      ], cloudflare: "repeated", forwarded: "203.0.113.2", forwardedFor: "203.0.113.3"),
  ]

  @Test("only a configured proxy's own dialect names a client, as it should, and nothing else does", arguments: sent)
  func matrix(_ sent: Sent) {
    for dialect in ProxyDialect.allCases {
      let table = Self.table(dialect)
      for peer in Peer.allCases {
        let client = Self.client(peer.address, sent.fields, table)
        let expected = sent.expected(dialect)
        #expect(client.peer == peer.address)
        guard peer.isTrusted, dialect != .proxyProtocol else {
          #expect(client == ClientAddress(of: peer.address), "\(dialect) \(peer)")
          continue
        }
        if let doubt = AddressDoubt(rawValue: expected) {
          #expect(
            client.proof == .unproven(dialect, doubt) && client.address == peer.address.address, "\(dialect) \(peer): \(client.proof)")
        } else {
          #expect(client.description == expected, "\(dialect) \(peer): \(client.proof)")
          #expect(client.isNamedByProxy && client.isThroughEdge == (dialect == .cloudflare))
        }
      }
    }
  }

  @Test("a Unix-domain socket is a proxy only where the entry says so")
  func unixSocket() {
    for sent in Self.sent {
      for dialect in [ProxyDialect.cloudflare, .forwarded, .forwardedFor] {
        let client = Self.client(.local, sent.fields, Self.table(dialect, unix: true))
        let expected = sent.expected(dialect)
        #expect(client.description == (AddressDoubt(rawValue: expected) == nil ? expected : "local"), "\(sent.title)")
        #expect(Self.client(Peer.unknown.address, sent.fields, Self.table(dialect, unix: true)).proof == .socket)
      }
    }
  }

  @Test("nobody is a proxy by default")
  func nobody() {
    for peer in Peer.allCases {
      for sent in Self.sent { #expect(Self.client(peer.address, sent.fields, .none) == ClientAddress(of: peer.address)) }
    }
  }

  @Test("the client is as many entries from the right as there are proxies, over all lines; too few prove nothing")
  func hops() {
    let lines = [("X-Forwarded-For", "1.1.1.1, 2.2.2.2"), ("X-Forwarded-For", "3.3.3.3 ,\t4.4.4.4")]
    let elements = [
      ("Forwarded", #"for=1.1.1.1, for="2.2.2.2:80";by="a,b""#), ("Forwarded", "proto=https;for=3.3.3.3 ,\tfor=4.4.4.4;host=\"\\\",\""),
    ]
    let answers = ["4.4.4.4", "3.3.3.3", "2.2.2.2", "1.1.1.1", "too_few", "too_few"]
    for (index, answer) in answers.enumerated() {
      for (dialect, fields) in [(ProxyDialect.forwardedFor, lines), (.forwarded, elements)] {
        let client = Self.client(Peer.trusted4.address, fields, Self.table(dialect, hops: index + 1))
        if answer == "too_few" {
          #expect(client.proof == .unproven(dialect, .tooFew) && client.description == "10.1.2.3")
        } else {
          #expect(client.description == answer, "\(dialect) \(index + 1): \(client.proof)")
        }
      }
    }
    // What a proxy on the way wrote has to be right too, or the count is off.
    let holes = [("X-Forwarded-For", "1.1.1.1, , 3.3.3.3")]
    #expect(Self.client(Peer.trusted4.address, holes, Self.table(.forwardedFor, hops: 3)).proof == .unproven(.forwardedFor, .malformed))
    let hidden = [("Forwarded", "for=1.1.1.1, for=_inner")]
    #expect(Self.client(Peer.trusted4.address, hidden, Self.table(.forwarded, hops: 2)).description == "1.1.1.1")
  }

  @Test("the first entry that holds the peer counts, and Cloudflare's entry without networks is Cloudflare's ranges")
  func order() {
    let table = ProxyTable(
      [
        ProxySettings(networks: [IPNetwork("10.1.0.0/16")].compactMap { $0 }, .forwarded), ProxySettings(networks: nil, .cloudflare),
        ProxySettings(networks: Self.networks, .forwardedFor, hops: 2),
      ], edge: [IPNetwork("173.245.48.0/20")].compactMap { $0 })
    func rule(_ text: String) -> ProxyRule? { table.rule(for: .internet(.of(text), port: 1)) }
    #expect(rule("10.1.2.3") == ProxyRule(.forwarded) && rule("10.2.2.3") == ProxyRule(.forwardedFor, hops: 2))
    #expect(rule("173.245.63.255") == ProxyRule(.cloudflare) && rule("173.245.64.0") == nil && rule("::ffff:173.245.48.1") != nil)
  }
}

extension IPAddress {
  /// For tests, whose texts are addresses.
  static func of(_ text: String) -> IPAddress { IPAddress(text) ?? IPAddress(high: .max, low: .max) }
}
