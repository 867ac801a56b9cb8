package import Primitives

/// Where to listen: `127.0.0.1:8080`, `[::1]:8080`, `*:8080` (every address), or `unix:/run/credentialflow.sock`.
package enum ListenAddress: Hashable, Sendable, CustomStringConvertible {
  /// Port 0 lets the system choose.
  case internet(IPAddress, port: UInt16)
  case unix(path: String)

  /// `nil` where the text is none of these; names are not resolved.
  package init?(_ text: String) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard !path.isEmpty, path.utf8.count <= 107, !path.utf8.contains(0) else { return nil }
      self = .unix(path: path)
      return
    }
    guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...]) else { return nil }
    var host = String(text[..<colon])
    if host == "*" { host = "::" }
    if host == "localhost" { host = "127.0.0.1" }
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":"), host != "::" {
      return nil
    }
    guard let address = IPAddress(host) else { return nil }
    self = .internet(address, port: port)
  }

  package var description: String {
    switch self {
    case .internet(let address, let port): address.isIPv4 ? "\(address):\(port)" : "[\(address)]:\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }

  /// Whether only processes of this machine can connect.
  package var isLocal: Bool {
    switch self {
    case .internet(let address, _): address.isIPv4 ? address.low >> 24 & 255 == 127 : address == IPAddress(high: 0, low: 1)
    case .unix: true
    }
  }

  private static func port(_ text: Substring) -> UInt16? {
    guard 1...5 ~= text.utf8.count, text.utf8.allSatisfy({ 48...57 ~= $0 }) else { return nil }
    return UInt16(text)
  }
}
