import HTTP
import Primitives
import Testing

@Suite("what proxies say of the client")
struct DialectTests {
  private static func forwarded(_ lines: [String], hops: Int = 1) -> String {
    let peer = ClientMatrixTests.Peer.trusted4.address
    let client = ClientMatrixTests.client(peer, lines.map { ("Forwarded", $0) }, ClientMatrixTests.table(.forwarded, hops: hops))
    if case .unproven(_, let doubt) = client.proof { return doubt.rawValue }
    return client.description
  }

  /// RFC 7239, sections 4, 5, 6, 7 and 8.
  @Test(
    "the examples of RFC 7239",
    arguments: [
      ([#"for="_gazonk""#], 1, "hidden"), ([#"For="[2001:db8:cafe::17]:4711""#], 1, "2001:db8:cafe::17"),
      (["for=192.0.2.60;proto=http;by=203.0.113.43"], 1, "192.0.2.60"), (["for=192.0.2.43, for=198.51.100.17"], 1, "198.51.100.17"),
      (["for=192.0.2.43, for=198.51.100.17"], 2, "192.0.2.43"), (["for=_hidden, for=_SEVKISEK"], 1, "hidden"),
      ([#"for=192.0.2.43,for="[2001:db8:cafe::17]",for=unknown"#], 1, "hidden"),
      ([#"for=192.0.2.43,for="[2001:db8:cafe::17]",for=unknown"#], 2, "2001:db8:cafe::17"),
      ([#"for=192.0.2.43, for="[2001:db8:cafe::17]", for=unknown"#], 3, "192.0.2.43"),
      (["for=192.0.2.43", #"for="[2001:db8:cafe::17]", for=unknown"#], 3, "192.0.2.43"),
      ([#"for="192.0.2.43:47011""#], 1, "192.0.2.43"), ([#"for="[2001:db8:cafe::17]:47011""#], 1, "2001:db8:cafe::17"),
      ([#"for=192.0.2.43, for="[2001:db8:cafe::17]";proto=http;by=203.0.113.60"#], 1, "2001:db8:cafe::17"),
      (["for=23.0.113.12:_a"], 1, "malformed"), ([#"for="unknown:80""#], 1, "hidden"), ([#"for="_x:_y""#], 1, "hidden"),
    ])
  func examples(_ lines: [String], _ hops: Int, _ expected: String) { #expect(Self.forwarded(lines, hops: hops) == expected) }

  @Test(
    "the grammar holds to the letter, in the elements that count",
    arguments: [
      ("for=1.2.3.4", "1.2.3.4"), ("FOR=1.2.3.4", "1.2.3.4"), (";;for=1.2.3.4;;", "1.2.3.4"), ("a=b;for=1.2.3.4;c=\"d;e,f\"", "1.2.3.4"),
      ("for=\"1\\.2.3.4\"", "1.2.3.4"), ("for=\"1.2.3.4\";x=\"\\\\\"", "1.2.3.4"), ("x=\"a\\\",for=6.6.6.6\";for=1.2.3.4", "1.2.3.4"),
      ("for=1.2.3.4;for=1.2.3.4", "malformed"), ("for=1.2.3.4;For=6.6.6.6", "malformed"),
      ("by=1.2.3.4;by=6.6.6.6;for=1.2.3.4", "malformed"),
      ("by=1.2.3.4", "absent"), ("", "absent"), (";", "absent"), ("for", "malformed"), ("for=", "malformed"), ("=1.2.3.4", "malformed"),
      ("for =1.2.3.4", "malformed"), ("for= 1.2.3.4", "malformed"), ("for=1.2.3.4; proto=http", "malformed"),
      ("for=1.2.3.4 ;a=b", "malformed"),
      ("for=[::1]", "malformed"), ("for=::1", "malformed"), ("for=1.2.3.4:80", "malformed"), ("for=\"1.2.3.4", "malformed"),
      ("for=1.2.3.4\"", "malformed"), ("for=\"1.2.3.4\"x", "malformed"), ("for=\"1.2.3.4\\\"", "malformed"), ("for=\"\"", "malformed"),
      ("for=_", "malformed"), ("for=_a/b", "malformed"), ("for=\"_a b\"", "malformed"), ("for=unknown1", "malformed"),
      ("for=UNKNOWN", "hidden"),
      ("for=1.2.3.4,", "absent"), ("for=1.2.3.4 for=6.6.6.6", "malformed"), ("for='1.2.3.4'", "malformed"),
    ])
  func grammar(_ line: String, _ expected: String) { #expect(Self.forwarded([line]) == expected) }

  @Test(
    "what a client wrote to the left of a proxy's element does not change what is read",
    arguments: [
      "\"", "\\", "\\\"", "for=\"", "for=\"6.6.6.6\\", "for=\"6.6.6.6,", ",,,", "\",\"", "for=6.6.6.6;x=\"", "a=\"b\\\\\"\"",
      "for=\"\\\"\\\"\\",
      "\u{fc}\"", ";;;", "for=6.6.6.6;by=\"\\",
    ])
  func garbageAtTheLeft(_ garbage: String) {
    for element in ["for=1.2.3.4", "for=\"1.2.3.4:80\";host=\"a\\\"b\"", "host=\"x,y\";for=\"[::ffff:1.2.3.4]\""] {
      #expect(Self.forwarded([garbage + ", " + element]) == "1.2.3.4", "\(garbage)")
      #expect(Self.forwarded([garbage, element]) == "1.2.3.4", "\(garbage)")
      #expect(Self.forwarded(["for=6.6.6.6", garbage + "," + element]) == "1.2.3.4", "\(garbage)")
    }
  }

  private static func cloudflare(_ fields: [(String, String)]) -> ClientAddress {
    ClientMatrixTests.client(ClientMatrixTests.Peer.trusted4.address, fields, ClientMatrixTests.table(.cloudflare))
  }

  @Test("pseudo IPv4 gives way to the address that it stands for, and only it")
  func pseudo() {
    let real = ("CF-Connecting-IPv6", "2001:db8::6")
    #expect(Self.cloudflare([("CF-Connecting-IP", "248.1.2.3"), real]).description == "2001:db8::6")
    #expect(Self.cloudflare([("CF-Connecting-IP", "203.0.113.1"), real]).description == "203.0.113.1")
    #expect(Self.cloudflare([("CF-Connecting-IP", "2001:db8::1"), real]).description == "2001:db8::1")
    #expect(Self.cloudflare([("CF-Connecting-IP", "203.0.113.1"), ("Cf-Pseudo-IPv4", "248.1.2.3")]).description == "203.0.113.1")
    #expect(Self.cloudflare([("CF-Connecting-IP", "248.1.2.3")]).proof == .unproven(.cloudflare, .absent))
    #expect(Self.cloudflare([("CF-Connecting-IP", "248.1.2.3"), real, real]).proof == .unproven(.cloudflare, .repeated))
    #expect(Self.cloudflare([("CF-Connecting-IP", "248.1.2.3"), (real.0, "1.2.3.4")]).proof == .unproven(.cloudflare, .malformed))
  }

  @Test("ray, country and fingerprint are kept in form, and nothing else is")
  func facts() {
    let address = ("CF-Connecting-IP", "203.0.113.1")
    let ray = "8f2a1b3c4d5e6f70-FRA"
    let good = Self.cloudflare([address, ("CF-Ray", ray), ("CF-IPCountry", "T1"), ("cf-ja4", "t13d1516h2_8daaf6152771_e5627efa2ab1")]).edge
    #expect(good?.ray == ray && good?.country == "T1" && good?.ja4 == "t13d1516h2_8daaf6152771_e5627efa2ab1")
    for bad in ["", "8f2a1b3c4d5e6f70", "8f2a1b3c4d5e6f7g-FRA", "8f2a1b3c4d5e6f70-fra", "8f2a1b3c4d5e6f70-FRAN", ray + "\"", ray + " x"] {
      #expect(
        Self.cloudflare([address, ("CF-Ray", bad)]).edge?.ray == nil && Self.cloudflare([address, ("CF-Ray", bad)]).edge != nil, "\(bad)")
    }
    for bad in ["", "D", "DEU", "de", "1T", "D\u{c4}"] {
      #expect(Self.cloudflare([address, ("CF-IPCountry", bad)]).edge?.country == nil, "\(bad)")
    }
    for bad in ["", String(repeating: "a", count: 65), "a b", "a\"b"] {
      #expect(Self.cloudflare([address, ("cf-ja4", bad)]).edge?.ja4 == nil, "\(bad)")
    }
    #expect(Self.cloudflare([address, ("CF-Ray", ray), ("CF-Ray", ray)]).edge?.ray == nil)
    let hidden = Self.cloudflare([("CF-Ray", ray)])
    #expect(hidden.edge == nil && hidden.isThroughEdge && !hidden.isNamedByProxy)
  }
}
