/// What `Accept-Encoding` says of gzip (RFC 9110, section 12.5.3).
package enum ContentCoding {
  /// Whether the client takes gzip, and would not rather have the content as it is. An element that is malformed counts for
  /// nothing; without the header nothing is encoded.
  package static func allowsGzip(_ headers: Headers) -> Bool {
    var gzip: Int?
    var identity: Int?
    var others: Int?
    for element in headers.values(of: "accept-encoding").flatMap({ $0.split(separator: ",") }) {
      guard let (coding, weight) = parse(element) else { continue }
      switch coding {
      case "gzip", "x-gzip": gzip = max(gzip ?? 0, weight)
      case "identity": identity = weight
      case "*": others = weight
      default: continue
      }
    }
    guard let weight = gzip ?? others, weight > 0 else { return false }
    // Content as it is is always acceptable unless it is named, and is preferred only where it is.
    return weight >= identity ?? 0
  }

  /// A coding in lower case and its weight in thousandths.
  private static func parse(_ element: Substring) -> (coding: String, weight: Int)? {
    let parts = element.split(separator: ";", omittingEmptySubsequences: false).map { String(trimmed($0)).lowercased() }
    guard let coding = parts.first, !coding.isEmpty, coding.utf8.allSatisfy(ASCII.isTokenByte) else { return nil }
    switch parts.count {
    case 1: return (coding, 1000)
    case 2: return weight(parts[1]).map { (coding, $0) }
    default: return nil
    }
  }

  /// `q=0.5`: at most three digits, and at most 1 (RFC 9110, section 12.4.2).
  private static func weight(_ text: String) -> Int? {
    guard text.hasPrefix("q=") else { return nil }
    let digits = text.dropFirst(2).utf8
    guard let whole = digits.first, whole == UInt8(ascii: "0") || whole == UInt8(ascii: "1") else { return nil }
    let fraction = digits.dropFirst()
    guard !fraction.isEmpty else { return whole == UInt8(ascii: "1") ? 1000 : 0 }
    guard fraction.first == UInt8(ascii: "."), fraction.count <= 4, fraction.dropFirst().allSatisfy(ASCII.isDigit) else { return nil }
    var thousandths = whole == UInt8(ascii: "1") ? 1000 : 0
    for (digit, value) in zip(fraction.dropFirst(), [100, 10, 1]) { thousandths += Int(digit - 48) * value }
    return thousandths <= 1000 ? thousandths : nil
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while let first = text.utf8.first, ASCII.isSpace(first) { text.removeFirst() }
    while let last = text.utf8.last, ASCII.isSpace(last) { text.removeLast() }
    return text
  }
}
