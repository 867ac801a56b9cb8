/// The value of `Host`: a name, an IPv4 address or a bracketed IPv6 address, and an optional port (RFC 9112, section 3.2).
/// Narrower than RFC 3986, which would let sub-delimiters and percent-encoding in: no host that we serve is spelled so.
enum HostName {
  static func isValid(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Bool {
    guard !value.isEmpty, value.count <= 261 else { return false }
    let host: Range<Int>
    if bytes[value.lowerBound] == UInt8(ascii: "[") {
      guard let end = bytes.firstIndex(of: UInt8(ascii: "]"), in: value) else { return false }
      host = value.lowerBound..<end + 1
      guard host.count > 3 else { return false }
      for index in host.dropFirst().dropLast() {
        let byte = bytes[index]
        guard ASCII.hexadecimalValue(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".") else { return false }
      }
    } else {
      host = value.lowerBound..<(bytes.firstIndex(of: UInt8(ascii: ":"), in: value) ?? value.upperBound)
      guard !host.isEmpty, bytes.areAll(in: host, ASCII.host) else { return false }
    }
    return host.upperBound == value.upperBound || isPort(bytes, host.upperBound..<value.upperBound)
  }

  private static func isPort(_ bytes: Span<UInt8>, _ span: Range<Int>) -> Bool {
    guard bytes[span.lowerBound] == UInt8(ascii: ":"), 2...6 ~= span.count else { return false }
    var port = 0
    for index in span.dropFirst() {
      guard ASCII.isDigit(bytes[index]) else { return false }
      port = port * 10 + Int(bytes[index] - 48)
    }
    return port <= 65_535
  }
}
