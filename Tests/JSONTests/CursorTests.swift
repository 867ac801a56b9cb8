import JSON
import Testing

struct CursorTests {
  @Test("a cursor reads typed members in whatever order they come")
  func members() throws {
    var cursor = JSONCursor(Array(#" {"n":-5,"s":"a\u0062","b":false,"l":["x","y"],"skip":{"a":[1,{"b":null}]}} "#.utf8))
    var seen: [String] = []
    try cursor.enterObject()
    while let name = try cursor.nextName() {
      seen.append(name)
      switch name {
      case "n": #expect(try cursor.integer() == -5)
      case "s": #expect(try cursor.string() == "ab")
      case "b": #expect(try cursor.boolean() == false)
      case "l": #expect(try cursor.strings() == ["x", "y"])
      default: try cursor.skip()
      }
    }
    try cursor.finish()
    #expect(seen == ["n", "s", "b", "l", "skip"])
  }

  @Test("a value of another type than the one asked for is a flaw at its first byte")
  func types() {
    let text = Array(#"[ "x" ]"#.utf8)
    let flaw = #expect(throws: JSONFlaw.self) {
      var cursor = JSONCursor(text)
      try cursor.enterArray()
      _ = try cursor.nextElement()
      _ = try cursor.integer()
    }
    #expect(flaw?.offset == 2)
  }

  @Test("a whole number with a fraction or an exponent is a flaw", arguments: ["1.0", "1e0", "0.5"])
  func integers(text: String) {
    #expect(throws: JSONFlaw.self) {
      var cursor = JSONCursor(Array(text.utf8))
      _ = try cursor.integer()
    }
  }

  @Test("a cursor and the tree agree on every text of the table")
  func agreement() throws {
    for refusal in StrictParsingTests.refusals {
      #expect(throws: JSONFlaw.self) {
        var cursor = JSONCursor(refusal.text)
        try cursor.skip()
        try cursor.finish()
      }
    }
    for text in StrictParsingTests.good {
      var cursor = JSONCursor(Array(text.utf8))
      try cursor.skip()
      try cursor.finish()
    }
  }
}
