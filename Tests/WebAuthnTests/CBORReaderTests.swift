import Primitives
import Testing

@testable import WebAuthn

struct CBORReaderTests {
  @Test(
    "what has one canonical form is read",
    arguments: [
      ("00", CBOR.unsigned(0)), ("17", .unsigned(23)), ("1818", .unsigned(24)), ("1bffffffffffffffff", .unsigned(.max)),
      ("20", .negative(-1)), ("390100", .negative(-257)), ("3b7fffffffffffffff", .negative(.min)), ("40", .bytes([])),
      ("426162", .bytes([0x61, 0x62])), ("63c3bc21", .text("ü!")), ("80", .array([])),
      ("82f4f5", .array([.boolean(false), .boolean(true)])),
      ("f6", .null), ("a10120", .map([CBOR.Member(key: .unsigned(1), value: .negative(-1))])),
    ])
  func canonical(hex: String, value: CBOR) throws {
    #expect(try CBORReader.read(#require(Hex.decode(hex))) == value)
  }

  @Test(
    "every other spelling is refused",
    arguments: [
      "", "1817", "190017", "1a00000017", "1b0000000000000017", "5800", "5f4161ff", "7f6161ff", "9f01ff", "bf0102ff", "ff", "1c", "1f",
      "61ff", "62c080", "a201010102", "a2616101616102", "c000", "d818", "f7", "f800", "f97c00", "fa47c35000", "fb3ff199999999999a",
      "0000", "420a", "5bffffffffffffffff", "9bffffffffffffffff", "bbffffffffffffffff", "3bffffffffffffffff", "8181818181" + "00",
      "818181818181",
    ])
  func refused(hex: String) throws {
    let bytes = try #require(Hex.decode(hex))
    #expect(throws: CBORReader.Flaw.self) { try CBORReader.read(bytes) }
  }

  @Test("every beginning of a text that can be read is refused, and so is every text with something behind it")
  func ends() throws {
    let bytes = try #require(Hex.decode("a363666d74646e6f6e656761747453746d74a0686175746844617461420102"))
    _ = try CBORReader.read(bytes)
    for count in bytes.indices { #expect(throws: CBORReader.Flaw.self) { try CBORReader.read(Array(bytes.prefix(count))) } }
    #expect(throws: CBORReader.Flaw.self) { try CBORReader.read(bytes + [0]) }
  }

  @Test("no bytes make the reader do more than read them")
  func noise() {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      if let value = try? CBORReader.read(bytes) { #expect(value == (try? CBORReader.read(bytes))) }
    }
  }
}
