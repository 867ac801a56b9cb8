/// A telephone number (ITU-T E.164) in its one spelling: a plus, a country code that does not begin with 0, 7 to 15 digits in all.
package struct PhoneNumber: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  package var description: String { text }

  /// As people write it: spaces, dots, hyphens, slashes and brackets between the digits say nothing.
  package init?(_ typed: String) {
    guard typed.utf8.count <= 40, typed.utf8.first == UInt8(ascii: "+") else { return nil }
    var digits: [UInt8] = []
    for byte in typed.utf8.dropFirst() {
      switch byte {
      case 48...57: digits.append(byte)
      case UInt8(ascii: " "), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "("), UInt8(ascii: ")"): break
      default: return nil
      }
    }
    guard (7...15).contains(digits.count), digits.first != UInt8(ascii: "0") else { return nil }
    text = "+" + String(decoding: digits, as: UTF8.self)
  }

  /// As an answer may show it to whoever holds the account.
  package var masked: String { "\(text.prefix(3))***\(text.suffix(2))" }
}

/// Where SMS may go: countries (ISO 3166, two letters) and beginnings of numbers (`+4179`). Nowhere, where it is empty.
package struct PhoneCountries: Sendable, Equatable {
  private let prefixes: [String]
  private let countries: Set<String>

  /// `nil` where one is neither a country that is known here nor a beginning of a number.
  package init?(_ allowed: [String]) {
    var prefixes: [String] = []
    var countries: Set<String> = []
    for entry in allowed {
      if entry.hasPrefix("+") {
        let digits = entry.utf8.dropFirst()
        guard (1...15).contains(digits.count), digits.first != 48, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        prefixes.append(entry)
      } else {
        guard CallingCodes.countries.contains(entry) else { return nil }
        countries.insert(entry)
      }
    }
    self.prefixes = prefixes
    self.countries = countries
  }

  package func allows(_ number: PhoneNumber) -> Bool {
    prefixes.contains { number.text.hasPrefix($0) } || CallingCodes.country(of: number).map(countries.contains) == true
  }
}
