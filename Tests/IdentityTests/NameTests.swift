import Identity
import Primitives
import Testing

@Suite("Usernames")
struct UsernameTests {
  private func refusal(_ text: String, allowsUnicode: Bool = false) -> Username.Refusal? {
    do {
      _ = try Username(text, allowsUnicode: allowsUnicode)
      return nil
    } catch {
      return error
    }
  }

  @Test("letters, digits and ._@+- are folded to one spelling")
  func plain() throws {
    #expect(try Username("User.Name_1+tag@Example-Host.com", allowsUnicode: false).text == "user.name_1+tag@example-host.com")
    #expect(try Username("A", allowsUnicode: false) == Username("a", allowsUnicode: false))
  }

  @Test("compatibility forms of ASCII fold to the plain name, so no two accounts look alike")
  func compatibility() throws {
    #expect(try Username("\u{FF35}\u{FF33}\u{FF25}\u{FF32}", allowsUnicode: false).text == "user")
    #expect(try Username("us\u{00AD}er", allowsUnicode: false).text == "user")
    #expect(try Username("u\u{200B}ser", allowsUnicode: false).text == "user")
    #expect(try Username("\u{212A}elvin", allowsUnicode: false).text == "kelvin")
  }

  @Test("anything else is refused while Unicode is off: other scripts, spaces, controls, separators")
  func forbidden() {
    for text in [
      "a b", "a\tb", "a\nb", "a\u{0}b", "a/b", "a:b", "a\"b", "a'b", "a<b", "a,b", "a;b", "\u{E4}", "пользователь", "раypal", "用户",
      "a\u{301}", "😀", "a%b", "a\\b",
    ] { #expect(refusal(text) == .forbiddenCharacter, "\(text)") }
  }

  @Test("1 to 254 bytes, counted before and after folding")
  func length() {
    #expect(refusal("") == .empty)
    #expect(refusal(String(repeating: "a", count: 254)) == nil)
    #expect(refusal(String(repeating: "a", count: 255)) == .tooLong)
    #expect(refusal(String(repeating: "\u{DF}", count: 127), allowsUnicode: true) == nil)
    #expect(refusal(String(repeating: "\u{DF}", count: 128), allowsUnicode: true) == .tooLong)
    // U+0390 has two bytes and folds to three scalars of two bytes each.
    #expect(refusal(String(repeating: "\u{3F4}", count: 127), allowsUnicode: true) == nil)
    // Nothing is left of what is invisible.
    #expect(refusal("\u{00AD}") == .forbiddenCharacter)
    #expect(refusal("\u{200B}\u{200D}", allowsUnicode: true) == .forbiddenCharacter)
  }

  @Test("with Unicode on, letters and digits of every script are taken, folded; symbols and separators are not")
  func unicode() throws {
    #expect(try Username("M\u{DC}LLER", allowsUnicode: true).text == "m\u{FC}ller")
    #expect(try Username("Mu\u{308}ller", allowsUnicode: true).text == "m\u{FC}ller")
    #expect(try Username("Stra\u{DF}e", allowsUnicode: true).text == "strasse")
    #expect(try Username("用户", allowsUnicode: true).text == "用户")
    #expect(try Username("ΣΑΣ", allowsUnicode: true).text == "σασ")
    for text in ["a b", "😀", "a\u{2028}b", "a\u{E000}b", "a€", "a\u{0}", "a\u{202F}b"] {
      #expect(refusal(text, allowsUnicode: true) == .forbiddenCharacter, "\(text)")
    }
  }

  @Test("folding twice changes nothing")
  func idempotent() throws {
    for text in ["M\u{DC}LLER", "ﬁnance", "Ⅷ", "ǅ", "İstanbul", "ſharp", "ｈａｌｆ", "ΐ"] {
      guard let once = try? Username(text, allowsUnicode: true) else { continue }
      #expect(try Username(once.text, allowsUnicode: true) == once, "\(text)")
    }
  }
}

@Suite("Permissions and role names")
struct PermissionTests {
  @Test(
    "the grammar's permissions are taken",
    arguments: ["a:b", "models/gpt-4o:invoke", "models/*:invoke", "**:read", "cf/**:*", "a/b/c:d/e", "a.b_c-d:0", "*:*", "a:**"])
  func good(_ text: String) { #expect(Permission(text)?.text == text) }

  @Test(
    "anything else is refused",
    arguments: [
      "", ":", "a", "a:", ":b", "a:b:c", "A:b", "a:B", "a b:c", "a/:b", "/a:b", "a//b:c", "a*:b", "*a:b", "**/a:b", "a/***:b", "a:b\n",
      "\u{E4}:b", "a,b:c", "a\u{0}:b", "a/**/b:c",
    ])
  func bad(_ text: String) { #expect(Permission(text) == nil) }

  @Test("a permission has at most 200 bytes")
  func length() {
    #expect(Permission(String(repeating: "a", count: 198) + ":b") != nil)
    #expect(Permission(String(repeating: "a", count: 199) + ":b") == nil)
  }

  @Test("role names stand unquoted in headers and lists")
  func roleNames() {
    for good in ["admin", "a", "A.b_c-9", "0", String(repeating: "a", count: 64)] { #expect(Role.isName(good), "\(good)") }
    for bad in ["", "-a", ".a", "_a", "a b", "a,b", "\u{E4}", "a/b", "a\n", String(repeating: "a", count: 65)] {
      #expect(!Role.isName(bad), "\(bad)")
    }
  }
}
