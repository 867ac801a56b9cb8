import JSON
import Primitives
import Testing

struct ObjectReaderTests {
  private func reader(_ text: String) throws -> JSONObjectReader { try JSONObjectReader(Array(text.utf8)) }

  private func error(_ text: String, _ read: (JSONObjectReader) throws -> Void) -> JSONError? {
    do {
      let body = try reader(text)
      try read(body)
      try body.finish()
      return nil
    } catch {
      return error as? JSONError
    }
  }

  @Test("members of every type are read")
  func types() throws {
    let body = try reader(#"{"s":"x\n","i":-7,"r":2.5,"n":3,"b":true,"l":["a","b"],"o":{"k":"v"},"os":[{"k":1},{"k":2}]}"#)
    #expect(try body.string("s") == "x\n")
    #expect(try body.integer("i") == -7)
    #expect(try body.realIfPresent("r") == 2.5)
    #expect(try body.realIfPresent("n") == 3)
    #expect(try body.boolean("b"))
    #expect(try body.strings("l") == ["a", "b"])
    #expect(try body.object("o").string("k") == "v")
    #expect(try body.objectsIfPresent("os")?.map { try $0.integer("k") } == [1, 2])
    try body.finish()
  }

  @Test("absent members are nil and still known")
  func absent() throws {
    let body = try reader("{}")
    #expect(try body.stringIfPresent("a") == nil)
    #expect(try body.secretIfPresent("a") == nil)
    #expect(try body.integerIfPresent("a") == nil)
    #expect(try body.booleanIfPresent("a") == nil)
    #expect(try body.stringsIfPresent("a") == nil)
    #expect(try body.objectIfPresent("a") == nil)
    try body.finish()
    #expect(error(#"{"a":"x"}"#) { _ = try $0.stringIfPresent("a") } == nil)
  }

  @Test("a secret is the exact bytes of the string, escapes resolved")
  func secret() throws {
    let body = try reader(#"{"password":"p\u00e9\"ss\\ 😀"}"#)
    let secret = try body.secret("password")
    #expect(secret.isEqual(to: Secret(copying: "pé\"ss\\ 😀".utf8)))
  }

  @Test(
    "a member of another type is refused with its pointer",
    arguments: [#"null"#, "1", "1.5", "true", "{}", "[]", #"["x"]"#])
  func wrongTypes(value: String) {
    let found = error("{\"m\":\(value)}") { _ = try $0.string("m") }
    #expect(found?.pointer == "/m")
    #expect(found?.detail.hasPrefix("expected a string, found ") == true)
    #expect(error("{\"m\":\(value)}") { _ = try $0.secret("m") }?.pointer == "/m")
    #expect(error("{\"m\":\(value)}") { _ = try $0.stringIfPresent("m") }?.pointer == "/m")
  }

  @Test("a whole number is not a fraction, a string or a boolean", arguments: ["1.0", "1e3", #""1""#, "true", "null"])
  func integers(value: String) {
    #expect(error("{\"m\":\(value)}") { _ = try $0.integer("m") }?.pointer == "/m")
  }

  @Test("the error in a nested member names the whole way there")
  func nestedPointers() {
    #expect(error(#"{"a":{"b/c":[1]}}"#) { _ = try $0.object("a").strings("b/c") }?.pointer == "/a/b~1c/0")
    #expect(
      error(#"{"a":[{"b":1},{"b":"x"}]}"#) { for item in try $0.objectsIfPresent("a") ?? [] { _ = try item.integer("b") } }?.pointer
        == "/a/1/b")
    #expect(error(#"{"a":{}}"#) { _ = try $0.object("a").string("b") }?.pointer == "/a/b")
    #expect(error(#"{"a":[{},7]}"#) { _ = try $0.objectsIfPresent("a") }?.pointer == "/a/1")
  }

  @Test("a root that is no object is refused", arguments: ["[]", "null", "1", "\"{}\"", "true"])
  func roots(text: String) {
    let found = error(text) { _ in }
    #expect(found?.pointer == "")
    #expect(found?.detail.hasPrefix("expected an object, found ") == true)
  }

  @Test("an unknown member is refused with the nearest known name, in nested objects too")
  func unknownMembers() {
    let found = error(#"{"username":"x","pasword":"y"}"#) {
      _ = try $0.string("username")
      _ = try $0.secretIfPresent("password")
    }
    #expect(found == JSONError(pointer: "/pasword", detail: "unknown member; did you mean 'password'?"))
    let far = error(#"{"zzzzzzzzzz":1}"#) { _ = try $0.stringIfPresent("username") }
    #expect(far?.detail == "unknown member; known here: username")
    let nested = error(#"{"mfa":{"cod":"1"}}"#) { _ = try $0.objectIfPresent("mfa")?.stringIfPresent("code") }
    #expect(nested == JSONError(pointer: "/mfa/cod", detail: "unknown member; did you mean 'code'?"))
  }

  @Test("a missing member says so, and whether it was misspelt")
  func missing() {
    #expect(error("{}") { _ = try $0.string("username") } == JSONError(pointer: "/username", detail: "this member is required"))
    let misspelt = error(#"{"usrname":"x"}"#) { _ = try $0.string("username") }
    #expect(misspelt?.detail == "this member is required; did you write it as 'usrname'?")
  }

  @Test("null is told apart from absent")
  func nulls() throws {
    let body = try reader(#"{"a":null}"#)
    #expect(body.isNull("a") && body.has("a"))
    #expect(!body.isNull("b") && !body.has("b"))
    try body.finish()
  }

  @Test("members keep their order, and values outlive their reader")
  func values() throws {
    let value = try #require(try reader(#"{"x":{"c":1,"a":[true,null],"b":"t"}}"#).valueIfPresent("x"))
    #expect(value.members?.map(\.name) == ["c", "a", "b"])
    #expect(value["a"]?.elements?.map(\.kind) == [.boolean, .null])
    #expect(value["b"]?.string == "t" && value["c"]?.integer == 1 && value["none"] == nil)
    #expect(value.string == nil && value.elements == nil && value["c"]?.members == nil && value["b"]?["x"] == nil)
  }

  @Test("what the writer writes is read back, whatever it contains")
  func writer() throws {
    let texts = ["", "\"\\/", "\u{1}\u{1F}\u{7F}", "é€😀", "a\nb\r\t", "</script>", "\u{2028}"]
    var json = JSONWriter()
    json.object {
      for (index, text) in texts.enumerated() { $0.member("\(index)" + text, text) }
      $0.member("list", texts)
      $0.member("number", Int64.min)
    }
    let value = try JSONValue(parsing: json.bytes)
    for (index, text) in texts.enumerated() { #expect(value["\(index)" + text]?.string == text) }
    #expect(value["list"]?.elements?.map(\.string) == texts)
    #expect(value["number"]?.integer == Int64.min)
  }
}
