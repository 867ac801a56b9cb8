import Primitives
import Testing

struct IdentifierTests {
  private enum Thing {}
  private typealias ID = Identifier<Thing>

  @Test("identifiers of later milliseconds sort later, as values, as bytes and as text")
  func order() {
    let start: Int64 = 1_800_000_000_000_000
    let ids = (0..<200).map { ID(at: Instant(microseconds: start + $0 * 1000)) }
    #expect(ids == ids.shuffled().sorted())
    #expect(ids.map(\.description) == ids.map(\.description).sorted())
    for (left, right) in zip(ids, ids.dropFirst()) { #expect(left.bytes.lexicographicallyPrecedes(right.bytes)) }
  }

  @Test("an identifier is a UUID of version 7 and variant 10")
  func form() throws {
    let id = ID(at: Instant(microseconds: 0x0123_4567_89AB * 1000))
    let text = id.description
    #expect(text.hasPrefix("01234567-89ab-7"))
    #expect(id.bytes.count == 16 && id.bytes[8] & 0xC0 == 0x80)
    #expect(text == text.lowercased() && text.utf8.count == 36)
    #expect(ID(text) == id && ID(text.uppercased()) == id && ID(bytes: id.bytes) == id)
  }

  @Test("identifiers of one millisecond differ")
  func unique() {
    #expect(Set((0..<10_000).map { _ in ID(at: Instant(unixSeconds: 1)) }).count == 10_000)
  }

  @Test(
    "anything but the 36 characters is refused",
    arguments: [
      "", "0192f3c0", "0192f3c0000070008000000000000001", "{0192f3c0-0000-7000-8000-000000000001}", "0192f3c0-0000-7000-8000-00000000001",
      "0192f3c0-0000-7000-8000-0000000000001", "0192f3c0-0000-7000-8000-00000000000g", "0192f3c00-000-7000-8000-000000000001",
      " 0192f3c0-0000-7000-8000-000000000001", "0192f3c0_0000_7000_8000_000000000001",
    ])
  func malformed(text: String) {
    #expect(ID(text) == nil)
  }

  @Test("other lengths than sixteen bytes are refused")
  func lengths() {
    for count in [0, 15, 17, 32] { #expect(ID(bytes: [UInt8](repeating: 1, count: count)) == nil) }
  }

  @Test("a time before 1970 or beyond 48 bits does not crash")
  func extremes() {
    for instant in [Instant(microseconds: .min), Instant(microseconds: -1), Instant(microseconds: .max)] {
      #expect(ID(at: instant).description.utf8.count == 36)
    }
  }
}
