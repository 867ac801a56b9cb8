import Delivery
import Testing

struct UnlinkedTextTests {
  @Test(
    "nothing in it is an address that a mail program would link, and names of devices stay what they are",
    arguments: [
      ("Click https://evil.example/login?x=1 now", "Click https evil example login x 1 now"), ("www.evil.example", "www evil example"),
      ("mail me@evil.example", "mail me evil example"), ("javascript:alert(1)", "javascript alert(1)"), ("tel:+49-900", "tel 49-900"),
      ("evil。example", "evil example"), ("a..b", "a b"), (".", ""), ("1.2", "1.2"), ("1.", "1"), ("10.0.0.1/x", "10.0.0.1 x"),
      ("Firefox 133.0 on Windows 11", "Firefox 133.0 on Windows 11"), ("Ann's <laptop>", "Ann's <laptop>"),
      ("Pixel 8 (work), 2nd", "Pixel 8 (work), 2nd"), ("Änne 📱", "Änne 📱"), ("  two   spaces ", "two spaces"),
    ])
  func unlinks(text: String, expected: String) { #expect(UnlinkedText.unlinked(text) == expected) }
}
