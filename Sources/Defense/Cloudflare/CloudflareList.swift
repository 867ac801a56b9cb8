internal import JSON
internal import Primitives

/// Why a fetched list is not put in force.
package struct CloudflareListError: Error, Equatable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

/// The answer of `GET /client/v4/ips`:
/// `{"result": {"ipv4_cidrs": […], "ipv6_cidrs": […], "etag": "…"}, "success": true, "errors": [], "messages": []}`.
///
/// Whoever stands in this list is believed, so it is taken whole and only where it looks as Cloudflare's does: every network in one
/// strict form, none wide or special, neither few nor many, not more addresses than any edge has.
enum CloudflareList {
  private static let counts = 5...200
  /// Bits that the widest networks fix. Cloudflare's own are /13 and /29.
  private static let leastLength = (v4: 10, v6: 24)
  /// IPv4 addresses in all; Cloudflare has about 1.5 million.
  private static let mostAddresses = 1 << 24

  static func read(_ body: [UInt8]) throws(CloudflareListError) -> CloudflareRanges {
    guard let answer = try? JSONValue(parsing: body) else { throw CloudflareListError("the answer is no JSON") }
    guard answer["success"]?.boolean == true, let result = answer["result"] else {
      throw CloudflareListError("the answer tells of no success")
    }
    guard let etag = result["etag"]?.string, (1...128).contains(etag.utf8.count), etag.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 34 })
    else { throw CloudflareListError("the answer has no etag") }
    let v4 = try networks(result["ipv4_cidrs"], "ipv4_cidrs") { $0.isIPv4 && $0.prefix >= leastLength.v4 }
    let v6 = try networks(result["ipv6_cidrs"], "ipv6_cidrs") { !$0.isIPv4 && $0.prefix >= leastLength.v6 }
    guard counts.contains(v4.count + v6.count), !v4.isEmpty else {
      throw CloudflareListError("\(v4.count + v6.count) networks are too few or too many")
    }
    guard v4.reduce(0, { $0 + (1 << (32 - $1.prefix)) }) <= mostAddresses else {
      throw CloudflareListError("the networks are too wide together")
    }
    return CloudflareRanges(networks: v4 + v6, etag: etag)
  }

  private static func networks(
    _ value: JSONValue?, _ member: String, _ isGood: (IPNetwork) -> Bool
  ) throws(CloudflareListError) -> [IPNetwork] {
    guard let elements = value?.elements, elements.count <= counts.upperBound else { throw CloudflareListError("\(member) is no list") }
    var networks: [IPNetwork] = []
    for element in elements {
      guard let text = element.string, text.utf8.count <= 49, let network = IPNetwork(text), isGood(network), !network.isSpecial else {
        throw CloudflareListError("\(member) holds what is no network of an edge")
      }
      guard !networks.contains(network) else { throw CloudflareListError("\(member) names a network twice") }
      networks.append(network)
    }
    return networks
  }
}

extension IPNetwork {
  /// Networks that nobody on the internet calls from (RFC 6890 and the IANA registries behind it), and all of IPv6 outside of
  /// 2000::/3.
  private static let special: [IPNetwork] = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
    "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "2001::/23", "2001:db8::/32",
    "2002::/16", "3fff::/20",
  ].compactMap { IPNetwork($0) }

  private static let global = IPNetwork("2000::/3")

  fileprivate var isSpecial: Bool {
    if Self.special.contains(where: { $0.overlaps(self) }) { return true }
    return !isIPv4 && Self.global?.overlaps(self) != true
  }
}
