enum PercentEncoding {
  /// One path segment, decoded once. `nil` for a broken escape, for bytes that are not UTF-8, and for an encoded slash or NUL,
  /// which no identifier of ours holds and which others read differently.
  static func decode(_ segment: Substring.UTF8View.SubSequence) -> String? {
    guard segment.contains(UInt8(ascii: "%")) else { return String(Substring(segment)) }
    var bytes: [UInt8] = []
    var rest = segment
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else { return nil }
      bytes.append(high << 4 | low)
    }
    guard !bytes.contains(0), !bytes.contains(UInt8(ascii: "/")) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
  }
}
