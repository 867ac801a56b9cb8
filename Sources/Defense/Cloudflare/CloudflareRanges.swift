package import Primitives

/// The networks from which Cloudflare's edge connects.
package struct CloudflareRanges: Sendable, Equatable {
  package let networks: [IPNetwork]
  /// Cloudflare's name of this state of the list; empty for the built-in one.
  package let etag: String

  init(networks: [IPNetwork], etag: String) {
    self.networks = networks
    self.etag = etag
  }

  /// A list as it was fetched, or as it was kept from then.
  package init(fetched body: [UInt8]) throws(CloudflareListError) { self = try CloudflareList.read(body) }

  /// As of April 2026 (https://www.cloudflare.com/ips-v4, ips-v6): what counts until the list was fetched.
  package static let builtIn = CloudflareRanges(
    networks: [
      "173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18", "108.162.192.0/18", "190.93.240.0/20",
      "188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17", "162.158.0.0/15", "104.16.0.0/13", "104.24.0.0/14", "172.64.0.0/13",
      "131.0.72.0/22", "2400:cb00::/32", "2606:4700::/32", "2803:f800::/32", "2405:b500::/32", "2405:8100::/32", "2a06:98c0::/29",
      "2c0f:f248::/32",
    ].compactMap { IPNetwork($0) }, etag: "")

  /// Whether this may follow `older`. The list grows and changes by a network or two; one that has less than half of the older one's
  /// is somebody else's.
  func mayFollow(_ older: CloudflareRanges) -> Bool {
    let kept = older.networks.count { networks.contains($0) }
    return kept * 2 >= older.networks.count
  }
}
