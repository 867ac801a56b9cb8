import Primitives
import Testing

struct EncodingTests {
  // RFC 4648, section 10, without padding.
  private static let words = ["", "f", "fo", "foo", "foob", "fooba", "foobar"]

  @Test("base 64 is that of RFC 4648", arguments: zip(words, ["", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"]))
  func base64(word: String, text: String) {
    #expect(Base64URL.encode(Array(word.utf8)) == text)
    #expect(Base64URL.decode(text) == Array(word.utf8))
  }

  @Test("base 32 is that of RFC 4648", arguments: zip(words, ["", "MY", "MZXQ", "MZXW6", "MZXW6YQ", "MZXW6YTB", "MZXW6YTBOI"]))
  func base32(word: String, text: String) {
    #expect(Base32.upper.encode(Array(word.utf8)) == text)
    #expect(Base32.upper.decode(text) == Array(word.utf8))
    #expect(Base32.lower.encode(Array(word.utf8)) == text.lowercased())
    #expect(Base32.lower.decode(text.lowercased()) == Array(word.utf8))
  }

  @Test("every byte survives every encoding, at every length")
  func roundTrips() {
    for count in 0..<70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count &* 11) }
      #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
      #expect(Base32.lower.decode(Base32.lower.encode(bytes)) == bytes)
      #expect(Hex.decode(Hex.encode(bytes)) == bytes)
    }
    #expect(Base64URL.encode([0xFB, 0xEF, 0xFF]) == "--__")
  }

  @Test(
    "padding, white space, foreign characters, impossible lengths and spare bits are refused in base 64",
    arguments: ["Zg==", "Zg=", "Z", "Zm9vY", "Zm 9v", "Zm9v\n", "Zm+v", "Zm/v", "Zh", "Zm9", "ZmÃ9", "\u{0}\u{0}"])
  func strictBase64(text: String) {
    #expect(Base64URL.decode(text) == nil)
  }

  @Test(
    "padding, the other case, foreign digits, impossible lengths and spare bits are refused in base 32",
    arguments: ["MY======", "my", "M", "MZX", "MZXW6Y", "MZ XQ", "M0", "M1", "M8", "MZ", "MZXR", "MZXQ\n"])
  func strictBase32(text: String) {
    #expect(Base32.upper.decode(text) == nil)
  }

  @Test("hexadecimal is written in lower case and read in either, in pairs")
  func hex() {
    #expect(Hex.encode([0, 0x0F, 0xAB]) == "000fab")
    #expect(Hex.decode("000FaB") == [0, 0x0F, 0xAB])
    for text in ["0", "0g", "0x0f", " 0f", "0f ", "é"] { #expect(Hex.decode(text) == nil) }
  }
}
