package import Glibc

/// An IPv4 or IPv6 address without port or zone. An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is the IPv4 address that it
/// maps, so that one host has one form.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
  /// The 128 bits of the address, most significant first; an IPv4 address stands in its mapped form.
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// `a.b.c.d` as a number, most significant byte first.
  package init(v4 address: UInt32) { self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(address)) }

  /// Strict: dotted quads without leading zeros and RFC 4291 text forms; no zone, port, brackets or spaces.
  package init?(_ text: String) {
    guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
    var v4 = in_addr()
    if inet_pton(AF_INET, text, &v4) == 1 {
      self.init(v4: UInt32(bigEndian: v4.s_addr))
      return
    }
    var v6 = in6_addr()
    guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
    self.init(v6)
  }

  package init(_ address: in6_addr) {
    let words = withUnsafeBytes(of: address) {
      (UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)), UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
    self.init(high: words.0, low: words.1)
  }

  package static let loopback = IPAddress(v4: 0x7F00_0001)

  /// 0.0.0.0 or ::, from which nobody calls.
  package var isUnspecified: Bool { high == 0 && (low == 0 || low == 0xFFFF_0000_0000) }

  /// 127.0.0.0/8 or ::1.
  package var isLoopback: Bool { isIPv4 ? low >> 24 & 0xFF == 127 : high == 0 && low == 1 }

  package var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

  /// What limits by address count together: an IPv4 address, or the /64 that one IPv6 customer holds.
  package var site: IPAddress { isIPv4 ? self : IPAddress(high: high, low: 0) }

  package var description: String {
    if isIPv4 { return "\(low >> 24 & 255).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)" }
    let words = (high.bigEndian, low.bigEndian)
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let isWritten = withUnsafeBytes(of: words) { inet_ntop(AF_INET6, $0.baseAddress, &text, socklen_t(INET6_ADDRSTRLEN)) != nil }
    return isWritten ? String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "::"
  }
}

/// Who stands at the other end of a socket.
package enum PeerAddress: Hashable, Sendable, CustomStringConvertible {
  case internet(IPAddress, port: UInt16)
  /// A Unix-domain socket: a process on this machine that may open the socket's file.
  case local

  /// `nil` for a Unix-domain peer.
  package var address: IPAddress? { if case .internet(let address, _) = self { address } else { nil } }

  /// The address without the port, `local` for a Unix-domain socket: the form that is logged.
  package var description: String { if case .internet(let address, _) = self { address.description } else { "local" } }
}
