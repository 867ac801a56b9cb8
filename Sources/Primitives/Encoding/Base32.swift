/// Base 32 (RFC 4648, section 6) without padding. `Base32.upper` is the form of a TOTP secret; `Base32.lower` that of our own
/// credentials, which a double click selects whole. Reading is strict: one spelling for each value.
package struct Base32: Sendable {
  package static let upper = Base32(alphabet: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
  package static let lower = Base32(alphabet: "abcdefghijklmnopqrstuvwxyz234567")

  private let alphabet: [UInt8]
  private let values: [UInt8]

  private init(alphabet: String) {
    self.alphabet = Array(alphabet.utf8)
    values = RadixCoding.values(of: self.alphabet)
  }

  package func encode(_ bytes: some Collection<UInt8>) -> String {
    String(decoding: RadixCoding.encode(bytes, bitsPerCharacter: 5, alphabet: alphabet), as: UTF8.self)
  }

  package func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    guard ![1, 3, 6].contains(text.count % 8) else { return nil }
    return RadixCoding.decode(text, bitsPerCharacter: 5, values: values)
  }

  package func decode(_ text: String) -> [UInt8]? { decode(Array(text.utf8)) }
}
