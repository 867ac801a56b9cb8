/// An address that mail can be sent to, in one spelling: `local@domain`, the local part a dot-atom of ASCII (RFC 5322), the domain
/// of at least two labels (RFC 1123) in lower case. At most 254 bytes, so no quoting, no comments, no line end, nothing that a
/// header or an SMTP command could take for more than an address.
package struct MailAddress: Hashable, Sendable, CustomStringConvertible {
  package let text: String
  package let domain: String

  package var description: String { text }

  package init?(_ typed: String) {
    guard typed.utf8.count <= 254 else { return nil }
    let halves = typed.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    guard halves.count == 2, let local = halves.first, let host = halves.last, local.count <= 64, Self.isDotAtom(local) else { return nil }
    let labels = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard labels.count >= 2, labels.allSatisfy(Self.isLabel), labels.last?.allSatisfy({ (48...57).contains($0) }) == false else {
      return nil
    }
    domain = String(decoding: host, as: UTF8.self).lowercased()
    text = "\(String(decoding: local, as: UTF8.self))@\(domain)"
  }

  /// As an answer may show it to whoever holds the account: the first letter and the domain.
  /// With `count` characters before the mask, and never the whole of what stands before the `@` unless that is all there is.
  package func masked(after count: Int) -> String {
    let local = text.prefix { $0 != "@" }
    return "\(local.prefix(count))***@\(domain)"
  }

  package var masked: String { "\(text.prefix(1))***@\(domain)" }

  private static func isDotAtom(_ bytes: Substring.UTF8View) -> Bool {
    bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { part in
      !part.isEmpty && part.allSatisfy { isAlphanumeric($0) || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
    }
  }

  private static func isLabel(_ bytes: Substring.UTF8View) -> Bool {
    let hyphen = UInt8(ascii: "-")
    return (1...63).contains(bytes.count) && bytes.first != hyphen && bytes.last != hyphen
      && bytes.allSatisfy { isAlphanumeric($0) || $0 == hyphen }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
  }
}
