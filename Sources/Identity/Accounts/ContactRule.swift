/// How a user's addresses must look, as far as it can be judged before anything is sent there.
package enum ContactRule {
  /// One `@` with something on either side, at most 254 visible ASCII characters.
  package static func isEmail(_ text: String) -> Bool {
    let halves = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    return halves.count == 2 && halves.allSatisfy { !$0.isEmpty } && text.utf8.count <= 254
      && text.utf8.allSatisfy { $0 > 32 && $0 < 127 }
  }

  /// E.164: a plus and 7 to 15 digits.
  package static func isPhone(_ text: String) -> Bool {
    let digits = text.utf8.dropFirst()
    return text.utf8.first == UInt8(ascii: "+") && (7...15).contains(digits.count) && digits.allSatisfy { (48...57).contains($0) }
  }
}
