import Primitives
import Testing

struct TextTests {
  private func nfc(_ text: String) -> [UInt8]? {
    UnicodeForm.nfc(Secret(copying: text.utf8))?.withBytes { Array($0) }
  }

  private func folded(_ text: String) -> String? {
    UnicodeForm.nfkcCasefold(text.utf8).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("a password typed on another keyboard is the same bytes in normal form C")
  func composition() {
    #expect(nfc("e\u{301}") == Array("\u{E9}".utf8))
    #expect(nfc("\u{E9}") == Array("\u{E9}".utf8))
    #expect(nfc("\u{212B}") == Array("\u{C5}".utf8))
    #expect(nfc("\u{1112}\u{1161}\u{11AB}") == Array("\u{D55C}".utf8))
    #expect(nfc("") == [])
    #expect(nfc("a\u{0}b") == [97, 0, 98])
    #expect(nfc("ﬁ") == Array("ﬁ".utf8), "compatibility characters stay")
  }

  @Test("a name is of characters that can be seen, of whichever script")
  func names() {
    for name in ["Ann's laptop", "Änne", "علی\u{200C}رضا", "👩\u{200D}💻 2", ""] {
      #expect(VisibleText.isName(name, lengths: 0...20), "\(name)")
    }
    for name in ["a\nb", "a\u{0}", "a\u{202E}b", "a\u{2028}b", "a\u{2029}", "\u{200B}", "\u{85}", "\u{E000}", "\u{FEFF}a"] {
      #expect(!VisibleText.isName(name, lengths: 0...20), "\(name.debugDescription)")
    }
    #expect(!VisibleText.isName("abc", lengths: 0...2) && !VisibleText.isName("", lengths: 1...2))
  }

  @Test("bytes that are not UTF-8 have no normal form", arguments: [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0x61, 0x80]] as [[UInt8]])
  func notUTF8(bytes: [UInt8]) {
    #expect(UnicodeForm.nfc(Secret(copying: bytes)) == nil)
    #expect(UnicodeForm.nfkcCasefold(bytes) == nil)
    #expect(UnicodeForm.scalarCount(Secret(copying: bytes)) == nil)
  }

  @Test("spellings that a person takes for one name become one")
  func folding() {
    #expect(folded("User@Example.COM") == "user@example.com")
    #expect(folded("ＵＳＥＲ") == "user")
    #expect(folded("Straße") == "strasse")
    #expect(folded("ΣΊΣΥΦΟΣ") == folded("σίσυφος"))
    #expect(folded("a\u{AD}b\u{200B}") == "ab", "invisible characters go")
    #expect(folded("\u{212A}") == "k")
  }

  @Test("folding twice is folding once, for every character")
  func idempotence() {
    var worst = 0
    for value in UInt32(1)...0x2FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      guard let once = UnicodeForm.nfkcCasefold(String(Character(scalar)).utf8) else {
        Issue.record("U+\(String(value, radix: 16)) does not settle")
        continue
      }
      if UnicodeForm.nfkcCasefold(once) != once { worst += 1 }
    }
    #expect(worst == 0)
  }

  @Test("characters are counted as code points")
  func counting() {
    for (text, count) in [("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 2), ("😀", 1), ("👨‍👩‍👧", 5), ("\r\n", 2)] {
      #expect(UnicodeForm.scalarCount(Secret(copying: text.utf8)) == count)
    }
  }

  @Test("a mistyped name finds the nearest known one, and a foreign one none")
  func spelling() {
    let known = ["listen", "issuer", "lanes", "memoryKiB"]
    #expect(Spelling.nearest(to: "lisen", among: known) == "listen")
    #expect(Spelling.nearest(to: "LISTEN", among: known) == "listen")
    #expect(Spelling.nearest(to: "memoryKB", among: known) == "memoryKiB")
    #expect(Spelling.nearest(to: "database", among: known) == nil)
    #expect(Spelling.nearest(to: "user", among: ["password", "username"]) == "username")
    #expect(Spelling.nearest(to: "us", among: ["password", "username"]) == nil)
    #expect(Spelling.nearest(to: "x", among: [] as [String]) == nil)
    #expect(Spelling.nearest(to: "", among: known) == nil)
  }
}
