import Identity
import Testing

@Suite("The original path")
struct OriginalPathTests {
  private func normalised(_ target: [UInt8]) -> String? { (try? OriginalPath(target[...]))?.text }
  private func normalised(_ target: String) -> String? { normalised(Array(target.utf8)) }

  @Test("a form that two programs could read differently is ambiguous", arguments: AmbiguousForms.all)
  func ambiguous(_ form: AmbiguousForms.Form) {
    #expect(normalised(form.bytes) == nil, "\(form)")
  }

  @Test("there are a hundred such forms and more, each once")
  func number() {
    #expect(Set(AmbiguousForms.all.map(\.bytes)).count == AmbiguousForms.all.count)
    #expect(AmbiguousForms.all.count >= 100)
  }

  @Test(
    "what means one thing is decoded once, case kept, query and last slash left out",
    arguments: [
      ("/", "/"), ("/?x=/../", "/"), ("/a", "/a"), ("/a/", "/a"), ("/a/b?c", "/a/b"), ("/a?b?c", "/a"), ("/A/b", "/A/b"),
      ("/%41%7a%2d%2E%5F%7Ex", "/Az-._~x"), ("/a%20b", "/a b"), ("/%c3%a9", "/é"), ("/%E4%BD%A0", "/你"),
      ("/users/me%40example.com", "/users/me@example.com"),
      ("/a:b@c!$&'()*+,=d", "/a:b@c!$&'()*+,=d"), ("/%3A%40%21%24%26%27%28%29%2A%2B%2C%3D", "/:@!$&'()*+,="),
      ("/.well-known/x", "/.well-known/x"),
      ("/..a", "/..a"), ("/a..b", "/a..b"), ("/a?%2e%2e/%00", "/a"), ("/a?x#y", "/a"), ("/stra%C3%9Fe", "/straße"),
      ("/e%CC%81", "/e\u{301}"),
      ("/v1/models/gpt-4o", "/v1/models/gpt-4o"), ("/a%7Cb", "/a|b"), ("/-/x", "/-/x"), ("/~user", "/~user"),
    ])
  func plain(_ target: String, _ expected: String) {
    #expect(normalised(target).map { Array($0.utf8) } == Array(expected.utf8))
  }

  @Test("the longest path passes and the next does not")
  func length() {
    let longest = "/" + String(repeating: "a", count: OriginalPath.mostBytes - 1)
    #expect(normalised(longest) == longest)
    #expect(normalised(longest + "a") == nil)
    #expect(normalised("/a?" + String(repeating: "q", count: 20_000)) == "/a")
  }

  @Test("normalising again what was normalised and encoded anew changes nothing")
  func stable() throws {
    for target in ["/a/b", "/%c3%a9/x%20y", "/A%40b"] {
      let once = try OriginalPath(Array(target.utf8)[...])
      let encoded = once.bytes.flatMap { byte -> [UInt8] in
        guard byte < 33 || byte > 126 else { return [byte] }
        return Array("%".utf8) + [byte >> 4, byte & 15].map { $0 < 10 ? 48 + $0 : 55 + $0 }
      }
      #expect(try OriginalPath(encoded[...]) == once)
    }
  }
}

/// Forms of a path that have been used to reach one thing under the name of another.
enum AmbiguousForms {
  struct Form: Sendable, CustomStringConvertible {
    let bytes: [UInt8]

    var description: String { String(decoding: bytes, as: UTF8.self).unicodeScalars.map { $0.escaped(asASCII: true) }.joined() }
  }

  static let all = (texts.map { Form(bytes: Array($0.utf8)) } + raw.map(Form.init(bytes:)))

  private static let texts =
    shape + dots + separators + controls + escapes + characters

  private static let shape = [
    "", "a", "a/b", "*", "?", "?/a", "#/a", "http://h/a", "https://h/a", "HTTP://h/a", "//h/a", "//", "///", "/a//b", "/a///b", "/a//",
    "//a",
    "/http://h/a", "/a/http://h", "h:80", "h/a", "@h/a", "/a/ ", " /a", "/a b", "\t/a", "/a#b", "/a#", "/#", "/a/#/b", "\\a", "\\\\h\\a",
    "%2fa", "%2Fa/b", ".", "..",
    "./a", "../a",
  ]
  private static let dots = [
    "/.", "/..", "/./a", "/../a", "/a/.", "/a/..", "/a/./b", "/a/../b", "/a/...", "/a/.../b", "/a/..../b", "/%2e", "/%2E", "/%2e%2e",
    "/%2E%2E/a", "/.%2e/a",
    "/%2e./a", "/.%2E", "/a/%2e%2e/b", "/a/%2e/b", "/a/.%2e/b", "/a/%2e./b", "/a.", "/a./b", "/a%2e", "/a%2E/b", "/admin..", "/a/b.?x",
    "/a/../../etc/passwd", "/..;/a", "/a/..%3b/b",
    "/.;/a", "/a/..%00/b", "/a/..%20/b", "/..%0d/a",
  ]
  private static let separators = [
    "/a%2fb", "/a%2Fb", "/%2f", "/a%2f", "/a%2f%2fb", "/a%2f..%2fb", "/..%2fa", "/%2e%2e%2fa", "/a\\b", "/a\\..\\b", "/a%5cb", "/a%5Cb",
    "/..%5ca", "/%5c..%5ca", "/a/..\\b",
    "/a;b", "/a;x=1/b", "/a/;/b", "/;a", "/a;", "/a%3bb", "/a%3Bx=1", "/a%3fb", "/a%3Fb=c", "/a%23b", "/%23", "/%3f",
  ]
  private static let controls = [
    "/a%00", "/a%00.html", "/%00a", "/a%0a", "/a%0Ab", "/a%0d%0aX: y", "/a%0d", "/a%09b", "/a%1fb", "/a%7f", "/a%7Fb", "/a\u{0}b", "/a\nb",
    "/a\rb", "/a\tb", "/a\u{1}", "/a\u{7f}",
    "/a%20", "/%20a", "/a%20/b", "/a/%20b", "/%20", "/a%c2%85", "/a%C2%80b", "/a%e2%80%a8", "/a%E2%80%A9",
  ]
  private static let escapes = [
    "/%", "/a%", "/a%2", "/a%zz", "/a%2g", "/a%g2", "/%u002f", "/%u002e%u002e", "/a% 2f", "/a%+2", "/a%-1", "/a%0x2f", "/%252e%252e/a",
    "/a%252fb", "/a%252Fb", "/a%255cb", "/a%25", "/100%25",
    "/a%2500", "/%25252e", "/%25%32%65", "/a%25%32%66b", "/a%%32%66", "/a%%", "/a%25u002f",
  ]
  private static let characters = [
    "/é", "/a／b", "/%ef%bc%8fa", "/a%EF%BC%BCb", "/%EF%BC%8E%EF%BC%8E/a", "/%e2%80%a4%e2%80%a4/a", "/%E2%80%A5/a", "/%E2%80%A6",
    "/a%e2%88%95b", "/a%E2%81%84b", "/a%e2%88%96b", "/%EF%BD%81dmin",
    "/a%E2%84%AA", "/%EF%BC%85%32%66", "/a%CD%BEb", "/a%C2%A0", "/%ef%bb%bf%ef%bc%8e", "/%EF%BC%9Ba", "/%EF%BC%9Fa",
  ]
  /// Not UTF-8: overlong forms, surrogates, lone and missing continuation bytes, raw and encoded.
  private static let raw: [[UInt8]] =
    [
      "/%c0%af", "/%c0%ae%c0%ae/a", "/%e0%80%af", "/%f0%80%80%af", "/%c1%9c", "/%ed%a0%80", "/%80", "/a%ff", "/%c3", "/%c3/%a9",
      "/%f5%80%80%80", "/%fe%ff", "/%e2%82", "/%c0%80",
    ]
    .map { Array($0.utf8) } + [
      [47, 0xFF], [47, 0xC0, 0xAF], [47, 97, 0x80], [47, 0xC3, 0xA4], [0xEF, 0xBB, 0xBF, 47], [47, 97, 0xE2, 0x88, 0x95, 98],
    ]
}
