package import Primitives

/// What a proxy says at the beginning of a connection of whom it stands for: the PROXY protocol of HAProxy, version 1 (a line of text)
/// or 2 (binary).
///
/// Pure: it is asked with everything that has come so far, and says the same of a beginning as of the whole, or that it needs more.
package struct ProxyHeader: Sendable, Equatable {
  /// Bytes of the longest header that is read. The specification asks for 536; the rest is room for extensions (TLVs).
  package static let mostBytes = 2_048

  /// Bytes that belong to it; what follows is the client's.
  package let length: Int
  /// The client; `nil` where the proxy speaks for itself (a health check) or of somebody without an address: then it is the peer.
  package let source: PeerAddress?

  package enum Reading: Sendable, Equatable {
    case incomplete
    case complete(ProxyHeader)
    /// No header, or one that says two things.
    case malformed
  }

  package static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
    if bytes.isEmpty { return .incomplete }
    if begins(bytes, with: ProxyHeaderText.beginning) { return ProxyHeaderText.read(bytes) }
    if begins(bytes, with: ProxyHeaderBinary.signature) { return ProxyHeaderBinary.read(bytes) }
    return .malformed
  }

  /// As far as the bytes go.
  private static func begins(_ bytes: UnsafeRawBufferPointer, with text: [UInt8]) -> Bool {
    bytes.prefix(text.count).elementsEqual(text.prefix(bytes.count))
  }
}

/// Version 1: `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n`.
enum ProxyHeaderText {
  static let beginning = Array("PROXY ".utf8)
  /// The longest line, its end included.
  private static let mostBytes = 107

  static func read(_ bytes: UnsafeRawBufferPointer) -> ProxyHeader.Reading {
    let line = bytes.prefix(mostBytes)
    guard let end = line.firstIndex(of: 10) else { return bytes.count < mostBytes ? .incomplete : .malformed }
    guard end > 0, line[end - 1] == 13, line[..<(end - 1)].allSatisfy({ $0 != 13 }) else { return .malformed }
    let words = line[beginning.count..<max(beginning.count, end - 1)].split(separator: 32, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    // What follows this word says nothing.
    if words.first == "UNKNOWN" { return .complete(ProxyHeader(length: end + 1, source: nil)) }
    guard words.count == 5, let source = address(words[1], words[0]), address(words[2], words[0]) != nil, let port = port(words[3]),
      Self.port(words[4]) != nil
    else { return .malformed }
    return .complete(ProxyHeader(length: end + 1, source: .internet(source, port: port)))
  }

  private static func address(_ text: String, _ family: String) -> IPAddress? {
    guard let address = IPAddress(text), !address.isUnspecified else { return nil }
    switch family {
    case "TCP4": return text.utf8.contains(UInt8(ascii: ":")) ? nil : address
    case "TCP6": return text.utf8.contains(UInt8(ascii: ":")) ? address : nil
    default: return nil
    }
  }

  private static func port(_ text: String) -> UInt16? {
    guard let port = UInt16(text), String(port) == text else { return nil }
    return port
  }
}

/// Version 2: signature, version and command, family, length, addresses, extensions.
enum ProxyHeaderBinary {
  static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
  private static let fixedBytes = 16

  static func read(_ bytes: UnsafeRawBufferPointer) -> ProxyHeader.Reading {
    // What cannot become right is not waited for.
    if bytes.count > 12, bytes[12] != 0x20, bytes[12] != 0x21 { return .malformed }
    guard bytes.count >= fixedBytes else { return .incomplete }
    let length = fixedBytes + number(bytes, at: 14)
    guard length <= ProxyHeader.mostBytes else { return .malformed }
    guard bytes.count >= length else { return .incomplete }
    // The proxy for itself: what else stands there is skipped.
    if bytes[12] == 0x20 { return .complete(ProxyHeader(length: length, source: nil)) }
    return source(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
  }

  private static func source(_ header: UnsafeRawBufferPointer) -> ProxyHeader.Reading {
    let source: PeerAddress?
    let addressBytes: Int
    switch header[13] {
    case 0x00: return .complete(ProxyHeader(length: header.count, source: nil))
    case 0x11 where header.count >= fixedBytes + 12:
      addressBytes = 12
      let address = IPAddress(v4: UInt32(number(header, at: 16)) << 16 | UInt32(number(header, at: 18)))
      source = .internet(address, port: UInt16(number(header, at: 24)))
    case 0x21 where header.count >= fixedBytes + 36:
      addressBytes = 36
      let address = IPAddress(
        high: UInt64(bigEndian: header.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
        low: UInt64(bigEndian: header.loadUnaligned(fromByteOffset: 24, as: UInt64.self)))
      source = .internet(address, port: UInt16(number(header, at: 48)))
    // A Unix-domain socket of the proxy's machine.
    case 0x31 where header.count >= fixedBytes + 216: (addressBytes, source) = (216, nil)
    default: return .malformed
    }
    guard source?.address?.isUnspecified != true, areExtensionsGood(header, from: fixedBytes + addressBytes) else { return .malformed }
    return .complete(ProxyHeader(length: header.count, source: source))
  }

  /// Each is a type, a length in two bytes and a value; they fill the header to its end. A checksum is looked at, the others skipped.
  private static func areExtensionsGood(_ header: UnsafeRawBufferPointer, from start: Int) -> Bool {
    let checksumType: UInt8 = 0x03
    var position = start
    var checksumAt: Int?
    while position < header.count {
      guard position + 3 <= header.count else { return false }
      let end = position + 3 + number(header, at: position + 1)
      guard end <= header.count else { return false }
      if header[position] == checksumType {
        guard checksumAt == nil, end == position + 7 else { return false }
        checksumAt = position + 3
      }
      position = end
    }
    guard let checksumAt else { return true }
    let sent = UInt32(number(header, at: checksumAt)) << 16 | UInt32(number(header, at: checksumAt + 2))
    return CRC32C.checksum(header, blank: checksumAt..<(checksumAt + 4)) == sent
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Int {
    Int(bytes[position]) << 8 | Int(bytes[position + 1])
  }
}

/// Castagnoli's checksum (RFC 3720, appendix B.4). It finds slips of a cable; it is no protection against anybody.
enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0x82F6_3B78 ^ value >> 1 : value >> 1 }
  }

  /// The bytes in `blank` count as zero.
  static func checksum(_ bytes: UnsafeRawBufferPointer, blank: Range<Int>) -> UInt32 {
    var value = UInt32.max
    for (index, byte) in bytes.enumerated() {
      value = table[Int((value ^ UInt32(blank.contains(index) ? 0 : byte)) & 255)] ^ value >> 8
    }
    return ~value
  }
}
