/// A block of addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address alone.
package struct IPNetwork: Hashable, Sendable, CustomStringConvertible {
  private let address: IPAddress
  /// Bits that count, of 128; an IPv4 block stands in its mapped form.
  private let length: Int

  /// `nil` for what is no block, or has bits set behind its length: two people would read those differently.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard let address = parts.first.flatMap({ IPAddress(String($0)) }), parts.count <= 2 else { return nil }
    let longest = address.isIPv4 ? 32 : 128
    var given = longest
    if parts.count == 2 {
      guard let number = Int(parts[1]), (0...longest).contains(number), String(number) == parts[1] else { return nil }
      given = number
    }
    self.address = address
    length = given + (128 - longest)
    guard Self.masked(address, length) == address else { return nil }
  }

  /// Whether it holds every IPv4 address, or every address at all.
  package var isEverybody: Bool { length <= 96 && contains(IPAddress(v4: 0)) }

  package var isIPv4: Bool { address.isIPv4 && length >= 96 }

  /// The number behind the slash.
  package var prefix: Int { isIPv4 ? length - 96 : length }

  /// Whether there is an address in both.
  package func overlaps(_ other: IPNetwork) -> Bool { contains(other.address) || other.contains(address) }

  package func contains(_ other: IPAddress) -> Bool { Self.masked(other, length) == address }

  package var description: String { "\(address)/\(prefix)" }

  private static func masked(_ address: IPAddress, _ length: Int) -> IPAddress {
    IPAddress(high: address.high & mask(length), low: address.low & mask(length - 64))
  }

  private static func mask(_ bits: Int) -> UInt64 { bits <= 0 ? 0 : bits >= 64 ? .max : ~(.max >> UInt64(bits)) }
}
