import HTTP
import Primitives
import Testing

@Suite("addresses in every notation")
struct AddressNotationTests {
  /// What no dialect takes for an address.
  static let refused = [
    "", " ", "0", "1", "1.2", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "01.2.3.4", "1.2.3.04", "0x1.2.3.4", "0x7f000001",
    "017.0.0.1",
    "2130706433", "127.1", "256.1.1.1", "1.2.3.999", "1.2.3.4/32", "1.2.3.4 5", "1.2.3.4\t.", "+1.2.3.4", "-1.2.3.4", "1,2,3,4", "1.2.3.4x",
    "\u{ff11}.2.3.4", "1\u{3002}2.3.4", "0.0.0.0", "::", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::1",
    "::1%eth0",
    "fe80::1%25eth0", "fe80::1%1", "::1/128", "::1.2.3", "::ffff:1.2.3.256", "::ffff:01.2.3.4", "1.2.3.4::", "[::1", "::1]", "[[::1]]",
    "[1.2.3.4]", "[]", "[::1]x", "[::1]:", "[::1]:x", "[::1]:123456", "[::1%1]:80", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:-1", "1.2.3.4:123456",
    "localhost",
    "example.com", "null", "_", "\"1.2.3.4\"", "'1.2.3.4'", "1.2.3.4;", "for=1.2.3.4", "\u{0}1.2.3.4", "1.2.3.4\u{0}",
    "2001:db8::1:65536", "2001:db8:::1", "2001:0db8:85a3:0000:0000:8a2e:0370:73344", "::ffff:0:0.0.0.0.",
    "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255x",
  ]

  /// What only RFC 7239 takes, and what address that is.
  static let onlyForwarded = [
    "1.2.3.4:80": "1.2.3.4", "1.2.3.4:_a.b-c": "1.2.3.4", "[2001:db8::1]": "2001:db8::1", "[2001:db8::1]:4711": "2001:db8::1",
    "[::ffff:1.2.3.4]:1": "1.2.3.4", "[::1]:_x": "::1",
  ]

  static let taken = [
    "1.2.3.4": "1.2.3.4", "223.255.255.255": "223.255.255.255", "::ffff:192.0.2.1": "192.0.2.1", "::FFFF:C000:201": "192.0.2.1",
    "0:0:0:0:0:ffff:192.0.2.1": "192.0.2.1", "2001:DB8::1": "2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001": "2001:db8::1",
    "64:ff9b::192.0.2.1": "64:ff9b::c000:201", "fe80::1": "fe80::1", "::1": "::1",
  ]

  private static func client(_ dialect: ProxyDialect, _ text: String) -> String {
    let fields =
      switch dialect {
      case .cloudflare: [("CF-Connecting-IP", text)]
      case .forwardedFor: [("X-Forwarded-For", text)]
      case .forwarded, .proxyProtocol:
        [("Forwarded", "for=\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"")]
      }
    let client = ClientMatrixTests.client(ClientMatrixTests.Peer.trusted4.address, fields, ClientMatrixTests.table(dialect))
    if case .unproven = client.proof { return "-" }
    return client.description
  }

  @Test("what is no address proves nothing, in any dialect", arguments: refused)
  func refuses(_ text: String) {
    for dialect in [ProxyDialect.cloudflare, .forwardedFor, .forwarded] { #expect(Self.client(dialect, text) == "-", "\(dialect)") }
  }

  @Test("ports and brackets stand only where the dialect has them")
  func ports() {
    for (text, address) in Self.onlyForwarded {
      #expect(Self.client(.forwarded, text) == address, "\(text)")
      #expect(Self.client(.forwardedFor, text) == "-" && Self.client(.cloudflare, text) == "-", "\(text)")
    }
  }

  @Test("one host has one form, however it is written")
  func takes() {
    for (text, address) in Self.taken {
      #expect(Self.client(.cloudflare, text) == address && Self.client(.forwardedFor, text) == address, "\(text)")
      let isIPv4 = !text.contains(":")
      #expect(Self.client(.forwarded, isIPv4 ? text : "[\(text)]") == address, "\(text)")
      // RFC 7239, section 6: an IPv6 address is always in brackets.
      #expect(isIPv4 || Self.client(.forwarded, text) == "-", "\(text)")
    }
  }
}
