import Primitives
import Testing

@testable import CredentialFlow

@Suite struct JSON5ParserTests {
  private func error(_ text: String) -> JSON5Error? {
    do throws(JSON5Error) {
      _ = try JSON5Parser.parse(Array(text.utf8))
      return nil
    } catch {
      return error
    }
  }

  @Test("comments, bare names, single quotes, trailing commas and odd numbers are read as JSON5 says")
  func values() throws {
    let value = try JSON5Parser.parse(
      Array(
        """
        \u{FEFF}{ // a comment
          bare_$1: 'single "quoted"', "a b": [1, -2, +3, .5, 5., 1e3, 0x1F, true, null,], /* end */
          escapes: "\\n\\u00e9\\ud83d\\ude00\\x41\\
        joined",
        }
        """.utf8))
    #expect(
      value
        == .object([
          "bare_$1": .string("single \"quoted\""),
          "a b": .array([
            .integer(1), .integer(-2), .integer(3), .number(0.5), .number(5), .number(1000), .integer(31), .boolean(true), .null,
          ]),
          "escapes": .string("\né😀Ajoined"),
        ]))
  }

  @Test("a name given twice is refused with its place")
  func duplicate() {
    #expect(error("{\n  listen: 'a',\n  \"listen\": 'b'\n}") == JSON5Error(line: 3, column: 3, detail: "'listen' is given twice"))
  }

  @Test("what is not JSON5 is refused with line and column")
  func places() {
    #expect(error("{\n  a: 1\n  b: 2\n}")?.description == "line 3, column 3: a ',' or '}' should stand here")
    #expect(error("{ a: yes }")?.description == "line 1, column 6: 'yes' is not a value; text stands in quotes")
    #expect(error("{ a: 'x\n' }")?.detail == "the line ends inside a string")
  }

  @Test(
    "broken and dangerous texts are refused",
    arguments: [
      "", "{", "{a}", "{a:}", "{a:1", "[1", "[1 2]", "{,}", "[,]", "{a:1}}", "{a:1} x", "'", "\"\\", "\"\\u12", "\"\\ud800\"",
      "\"\\udc00\"",
      "\"\\ud800\\u0041\"", "\"\\1\"", "Infinity", "-Infinity", "NaN", "010", "1e", "--1", "0x", "1.2.3", "9e999", "/*", "/", "{1a:2}",
      "tru",
      String(repeating: "[", count: 17) + String(repeating: "]", count: 17), "1_000", "{a:1,,b:2}",
    ])
  func refused(_ text: String) {
    #expect(error(text) != nil)
  }

  @Test("sixteen levels are read, and bytes that are not UTF-8 are refused")
  func bounds() throws {
    _ = try JSON5Parser.parse(Array((String(repeating: "[", count: 16) + String(repeating: "]", count: 16)).utf8))
    #expect(throws: JSON5Error.self) { try JSON5Parser.parse([0x22, 0xFF, 0x22]) }
  }
}
