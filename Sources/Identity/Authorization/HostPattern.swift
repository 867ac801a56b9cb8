/// A host in a rule: `api.example.com`, or `*.example.com` for any one label there, as in certificates.
package struct HostPattern: Sendable, Equatable, CustomStringConvertible {
  package let description: String
  private let suffix: [UInt8]
  private let isWild: Bool

  /// `nil` where `text` is neither. No port: the same host on another port is the same host.
  package init?(_ text: String) {
    isWild = text.hasPrefix("*.")
    guard let host = OriginalHost(Array((isWild ? text.dropFirst(2) : text[...]).utf8)[...]), !host.hasPort else { return nil }
    suffix = (isWild ? [UInt8(ascii: ".")] : []) + host.name
    description = (isWild ? "*." : "") + String(decoding: host.name, as: UTF8.self)
  }

  package func matches(_ host: OriginalHost) -> Bool {
    guard isWild else { return suffix == host.name }
    guard let dot = host.name.firstIndex(of: UInt8(ascii: ".")), dot > 0 else { return false }
    return host.name[dot...].elementsEqual(suffix)
  }
}

/// The host of the original request: a name or an address in lower case, its port cut off.
package struct OriginalHost: Sendable, Equatable {
  package let name: [UInt8]
  let hasPort: Bool

  /// `nil` for what is no single host: a list, a name with an empty label or a dot at its end, a wrong port.
  package init?(_ text: ArraySlice<UInt8>) {
    let isBracketed = text.first == UInt8(ascii: "[")
    let end = isBracketed ? text.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 } : text.firstIndex(of: UInt8(ascii: ":"))
    guard let end = end ?? (isBracketed ? nil : text.endIndex), (1...255).contains(end - text.startIndex) else { return nil }
    let name = text[..<end].map { $0 &- 65 < 26 ? $0 | 32 : $0 }
    guard isBracketed ? Self.isAddress(name) : Self.isName(name), Self.isPort(text[end...]) else { return nil }
    self.name = name
    hasPort = end < text.endIndex
  }

  private static func isName(_ name: [UInt8]) -> Bool {
    var isLabelEmpty = true
    for byte in name {
      guard byte != UInt8(ascii: ".") else {
        if isLabelEmpty { return false }
        isLabelEmpty = true
        continue
      }
      guard isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") else { return false }
      isLabelEmpty = false
    }
    return !isLabelEmpty
  }

  private static func isAddress(_ name: [UInt8]) -> Bool {
    name.count > 3 && name.dropFirst().dropLast().allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
  }

  private static func isPort(_ text: ArraySlice<UInt8>) -> Bool {
    guard let colon = text.first else { return true }
    return colon == UInt8(ascii: ":") && (2...6).contains(text.count) && text.dropFirst().allSatisfy { (48...57).contains($0) }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...122).contains(byte) }
}
