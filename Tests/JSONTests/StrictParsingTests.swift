import JSON
import Testing

struct StrictParsingTests {
  /// A text that must be refused, and where: pointer, line, column.
  struct Refusal: Sendable, CustomTestStringConvertible {
    let text: [UInt8]
    let place: String?

    init(_ text: String, _ place: String? = nil) { self.init(Array(text.utf8), place) }

    init(_ text: [UInt8], _ place: String? = nil) {
      self.text = text
      self.place = place
    }

    var testDescription: String { String(decoding: text.prefix(60), as: UTF8.self) }
  }

  @Test("what is not JSON is refused, and the refusal says where", arguments: Self.refusals)
  func refuses(_ refusal: Refusal) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: refusal.text) }
    guard let error, let position = error.position else {
      Issue.record("no position")
      return
    }
    #expect(position.offset <= refusal.text.count)
    #expect(!error.detail.isEmpty && error.detail.utf8.count < 120)
    if let place = refusal.place { #expect("\(error.pointer) \(position.line):\(position.column)" == place) }
  }

  @Test("what is JSON is taken", arguments: Self.good)
  func takes(text: String) throws {
    let value = try JSONValue(parsing: Array(text.utf8))
    #expect(try JSONValue(parsing: value.dump).dump == value.dump)
  }

  @Test("there are at least a hundred refused and fifty taken texts")
  func size() {
    #expect(Self.refusals.count >= 100)
    #expect(Self.good.count >= 50)
  }

  @Test("sixteen containers within each other are taken and seventeen refused", arguments: ["[", "{\"a\":"])
  func depth(opening: String) throws {
    let closing = opening == "[" ? "]" : "}"
    func nested(_ count: Int) -> [UInt8] {
      Array((String(repeating: opening, count: count) + "1" + String(repeating: closing, count: count)).utf8)
    }
    #expect(try JSONValue(parsing: nested(16)).kind != .null)
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: nested(17)) }
    #expect(error?.pointer == String(repeating: opening == "[" ? "/0" : "/a", count: 16))
    #expect(error?.position?.offset == 16 * opening.utf8.count)
  }

  @Test("a hundred thousand opening brackets cost no stack", arguments: ["[", "{\"a\":", "[{\"a\":"])
  func hostileDepth(opening: String) {
    let text = Array(String(repeating: opening, count: 100_000).utf8)
    #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
  }

  @Test("an object of ten thousand members is read in moderate time, and its one duplicate found")
  func wideObject() throws {
    let members = (0..<10_000).map { "\"m\($0)\":\($0)" }.joined(separator: ",")
    let value = try JSONValue(parsing: Array("{\(members)}".utf8))
    #expect(value["m9999"]?.integer == 9999)
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array("{\(members),\"m\\u0037\":0}".utf8)) }
    #expect(error?.pointer == "/m7")
  }

  @Test("columns count characters, lines end with LF, offsets count bytes")
  func positions() throws {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array("{\r\n  \"é€😀\": tru }".utf8)) }
    #expect(error?.position?.line == 2)
    #expect(error?.position?.column == 10)
    #expect(error?.position?.offset == 18)
    #expect(error?.pointer == "/é€😀")
  }

  @Test("a pointer escapes tilde and slash")
  func pointerEscapes() {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array(#"{"a/b":{"c~d":[1,}}}"#.utf8)) }
    #expect(error?.pointer == "/a~1b/c~0d/1")
  }
}
