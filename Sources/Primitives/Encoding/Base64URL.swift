/// Base 64 with the URL and file name safe alphabet (RFC 4648, section 5), without padding, as JOSE asks (RFC 7515, section 2).
///
/// Reading is strict: padding, white space, foreign characters, impossible lengths and non-zero trailing bits are refused, so
/// that a token has exactly one spelling.
package enum Base64URL {
  package static func encode(_ bytes: some Collection<UInt8>) -> String {
    String(decoding: encodeBytes(bytes), as: UTF8.self)
  }

  package static func encodeBytes(_ bytes: some Collection<UInt8>) -> [UInt8] {
    RadixCoding.encode(bytes, bitsPerCharacter: 6, alphabet: alphabet)
  }

  package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    guard text.count % 4 != 1 else { return nil }
    return RadixCoding.decode(text, bitsPerCharacter: 6, values: values)
  }

  package static func decode(_ text: String) -> [UInt8]? { decode(Array(text.utf8)) }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
  private static let values = RadixCoding.values(of: alphabet)
}
