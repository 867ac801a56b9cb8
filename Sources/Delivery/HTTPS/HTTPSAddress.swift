internal import Primitives

/// Where a request goes: https, or http on this machine's own loopback. Printable ASCII, without user, password or fragment.
package struct HTTPSAddress: Sendable, Hashable, CustomStringConvertible {
  package let text: String

  package var description: String { text }

  /// `nil` for anything else, and for more than 2,000 bytes.
  package init?(_ text: String) {
    guard text.utf8.count <= 2_000, text.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "#") }) else { return nil }
    let isTLS = text.hasPrefix("https://")
    guard isTLS || text.hasPrefix("http://") else { return nil }
    let authority = text.dropFirst(isTLS ? 8 : 7).prefix { !"/?".contains($0) }
    guard !authority.isEmpty, !authority.contains(where: { "@\\".contains($0) }) else { return nil }
    guard let host = Self.host(of: authority) else { return nil }
    guard isTLS || Self.isLoopback(host) else { return nil }
    self.text = text
  }

  /// Without the port, and without the brackets of IPv6.
  private static func host(of authority: Substring) -> Substring? {
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      let host = authority[authority.index(after: authority.startIndex)..<end]
      return IPAddress(String(host)) != nil && isPort(authority[authority.index(after: end)...]) ? host : nil
    }
    let host = authority.prefix { $0 != ":" }
    let isName = host.utf8.allSatisfy {
      $0 == 45 || $0 == 46 || (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
    }
    return !host.isEmpty && isName && isPort(authority[host.endIndex...]) ? host : nil
  }

  private static func isPort(_ text: Substring) -> Bool {
    text.isEmpty || (text.first == ":" && UInt16(text.dropFirst()) != nil && text.dropFirst().utf8.allSatisfy { (48...57).contains($0) })
  }

  private static func isLoopback(_ host: Substring) -> Bool {
    if host == "localhost" || host == "::1" { return true }
    return host.hasPrefix("127.") && IPAddress(String(host)) != nil
  }
}
