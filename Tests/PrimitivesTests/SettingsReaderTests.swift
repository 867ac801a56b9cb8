import Primitives
import Testing

struct SettingsReaderTests {
  private func reader(_ members: [String: SettingsValue], files: [String: String] = [:]) -> SettingsReader {
    SettingsReader(members, path: "part") { path throws(SettingsError) in
      guard let text = files[path] else { throw SettingsError(path: path, detail: "no such file") }
      return Array(text.utf8)
    }
  }

  private enum Colour: String, CaseIterable { case red, green }

  private struct Slice: Settings {
    let name: String
    init(from reader: SettingsReader) throws(SettingsError) { name = try reader.string("name", default: "none") }
  }

  @Test("absent keys give their defaults and stand in the effective configuration")
  func defaults() throws {
    let reader = reader([:])
    #expect(try reader.string("s", default: "x") == "x")
    #expect(try reader.integer("i", default: 3, in: 1...5) == 3)
    #expect(try reader.boolean("b", default: true))
    #expect(try reader.duration("d", default: .seconds(90), in: .zero ... .hours(1)) == .seconds(90))
    #expect(try reader.choice("c", default: Colour.green) == .green)
    #expect(try reader.strings("l", default: ["a"]) == ["a"])
    #expect(try reader.stringIfPresent("o") == nil)
    #expect(try reader.secret("k") == nil)
    #expect(try reader.section("sub", as: Slice.self).name == "none")
    try reader.finish()
    #expect(reader.effective["d"] == .integer(90) && reader.effective["c"] == .string("green"))
    #expect(reader.effective["sub"] == .object(["name": .string("none")]))
  }

  @Test("values that are there are read")
  func values() throws {
    let reader = reader([
      "s": .string("y"), "i": .integer(5), "b": .boolean(false), "d": .number(1.5), "c": .string("red"), "l": .array([.string("p")]),
      "sub": .object(["name": .string("n")]), "list": .array([.object(["name": .string("m")])]),
    ])
    #expect(try reader.string("s", default: "x") == "y")
    #expect(try reader.integer("i", default: 3, in: 1...5) == 5)
    #expect(try !reader.boolean("b", default: true))
    #expect(try reader.duration("d", default: .zero, in: .zero ... .hours(1)) == .milliseconds(1500))
    #expect(try reader.choice("c", default: Colour.green) == .red)
    #expect(try reader.strings("l", default: []) == ["p"])
    #expect(try reader.section("sub", as: Slice.self).name == "n")
    #expect(try reader.list("list", of: Slice.self).map(\.name) == ["m"])
    try reader.finish()
  }

  @Test("an unknown key is an error that names the nearest known one")
  func unknownKeys() {
    let error = #expect(throws: SettingsError.self) {
      let reader = reader(["lisen": .string("x")])
      _ = try reader.string("listen", default: "")
      try reader.finish()
    }
    #expect(error == SettingsError(path: "part.lisen", detail: "unknown key; did you mean 'listen'?"))
    let nested = #expect(throws: SettingsError.self) {
      _ = try reader(["sub": .object(["nam": .string("x")])]).section("sub", as: Slice.self)
    }
    #expect(nested?.path == "part.sub.nam")
  }

  @Test("a value out of range or of another type is an error at its path")
  func wrongValues() {
    let reader = reader([
      "i": .integer(9), "s": .integer(1), "b": .string("true"), "d": .integer(99), "c": .string("blue"), "l": .array([.integer(1)]),
      "sub": .string("x"), "list": .array([.integer(1)]), "huge": .number(1e300),
    ])
    let reads: [(String, (SettingsReader) throws -> Void)] = [
      ("i", { _ = try $0.integer("i", default: 1, in: 1...5) }), ("s", { _ = try $0.string("s", default: "") }),
      ("b", { _ = try $0.boolean("b", default: true) }), ("d", { _ = try $0.duration("d", default: .zero, in: .zero ... .seconds(5)) }),
      ("c", { _ = try $0.choice("c", default: Colour.red) }), ("l", { _ = try $0.strings("l", default: []) }),
      ("sub", { _ = try $0.section("sub", as: Slice.self) }), ("list[0]", { _ = try $0.list("list", of: Slice.self) }),
      ("huge", { _ = try $0.duration("huge", default: .zero, in: .zero ... .seconds(5)) }),
    ]
    for (key, read) in reads {
      let error = #expect(throws: SettingsError.self) { try read(reader) }
      #expect(error?.path == "part.\(key)")
    }
  }

  @Test("a secret comes inline or from a file, one trailing line end dropped, and is not shown")
  func secrets() throws {
    let inline = reader(["key": .string("abc")])
    #expect(try #require(try inline.secret("key")).isEqual(to: Secret(copying: "abc".utf8)))
    #expect(inline.effective["key"] == .string("(hidden)"))
    let filed = reader(["keyFile": .string("/k")], files: ["/k": "a b\r\n"])
    #expect(try #require(try filed.secret("key")).isEqual(to: Secret(copying: "a b".utf8)))
    #expect(filed.effective["keyFile"] == .string("/k"))
    try filed.finish()
    let several = reader(["keys": .array([.string("a"), .string("b")])])
    #expect(try several.secrets("keys").count == 2)
    #expect(several.effective["keys"] == .array([.string("(hidden)"), .string("(hidden)")]))
  }

  @Test("a secret given twice or in a missing file is an error that does not show it")
  func wrongSecrets() {
    let twice = #expect(throws: SettingsError.self) { try reader(["key": .string("abc"), "keyFile": .string("/k")]).secret("key") }
    #expect(twice?.path == "part.key" && twice?.detail.contains("abc") == false)
    let missing = #expect(throws: SettingsError.self) { try reader(["keyFile": .string("/none")]).secret("key") }
    #expect(missing?.detail == "no such file")
    #expect(throws: SettingsError.self) { try reader(["keyFile": .integer(7)]).secret("key") }
  }

  @Test("null is as good as absent")
  func nulls() throws {
    let reader = reader(["s": .null])
    #expect(try reader.string("s", default: "x") == "x")
    #expect(!reader.has("s"))
    try reader.finish()
  }
}
