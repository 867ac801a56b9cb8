internal import Primitives

/// What Cloudflare's edge adds to a request.
enum CloudflareFields {
  /// `CF-Connecting-IP`, which has one address and stands once. With "Pseudo IPv4: overwrite headers" it holds a number of
  /// 240.0.0.0/4 in place of an IPv6 address, which then stands in `CF-Connecting-IPv6`. That field is read in this case only:
  /// Cloudflare does not say that it takes the field away from a client who sends one.
  static func client(_ headers: Headers) throws(AddressDoubt) -> IPAddress {
    let address = try single(headers, "cf-connecting-ip")
    guard address.isIPv4, UInt32(truncatingIfNeeded: address.low) >> 28 == 0xF else { return address }
    let real = try single(headers, "cf-connecting-ipv6")
    guard !real.isIPv4 else { throw .malformed }
    return real
  }

  static func facts(_ headers: Headers) -> EdgeFacts {
    EdgeFacts(
      ray: text(headers, "cf-ray", isRay), country: text(headers, "cf-ipcountry", isCountry), ja4: text(headers, "cf-ja4", isFingerprint))
  }

  private static func single(_ headers: Headers, _ name: String) throws(AddressDoubt) -> IPAddress {
    switch headers.occurrence(of: name) {
    case .absent: throw .absent
    case .repeated: throw .repeated
    case .once(let value):
      guard let address = IPAddress(field: value) else { throw .malformed }
      return address
    }
  }

  private static func text(_ headers: Headers, _ name: String, _ isGood: (ArraySlice<UInt8>) -> Bool) -> String? {
    guard case .once(let value) = headers.occurrence(of: name), isGood(value) else { return nil }
    return String(decoding: value, as: UTF8.self)
  }

  /// `8f2a1b3c4d5e6f70-FRA`: sixteen hexadecimal digits and the code of an airport.
  private static func isRay(_ value: ArraySlice<UInt8>) -> Bool {
    value.count == 20 && value.prefix(16).allSatisfy { ASCII.hexadecimalValue($0) != nil }
      && value[value.startIndex + 16] == UInt8(ascii: "-")
      && value.suffix(3).allSatisfy(isCapital)
  }

  private static func isCountry(_ value: ArraySlice<UInt8>) -> Bool {
    value.count == 2 && value.first.map(isCapital) == true && value.allSatisfy { isCapital($0) || ASCII.isDigit($0) }
  }

  private static func isFingerprint(_ value: ArraySlice<UInt8>) -> Bool {
    (1...64).contains(value.count) && value.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "_") }
  }

  private static func isCapital(_ byte: UInt8) -> Bool { (65...90).contains(byte) }
}
