/// Base 64 with padding (RFC 4648, section 4), as HTTP Basic and mail carry it. Reading is strict.
package enum Base64 {
  package static func encode(_ bytes: some Collection<UInt8>) -> String {
    let text = String(decoding: RadixCoding.encode(bytes, bitsPerCharacter: 6, alphabet: alphabet), as: UTF8.self)
    return text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
  }

  package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    let body = Array(text)
    let padding = body.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard padding <= 2 else { return nil }
    let unpadded = body.dropLast(padding)
    guard (padding == 0) == (unpadded.count % 4 == 0) else { return nil }
    return RadixCoding.decode(unpadded, bitsPerCharacter: 6, values: values)
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let values = RadixCoding.values(of: alphabet)
}
