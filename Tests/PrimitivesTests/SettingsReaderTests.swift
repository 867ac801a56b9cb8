import Primitives
import Testing

@Suite struct SettingsReaderTests {
  private func reader(_ members: [String: SettingsValue], file: String = "") -> SettingsReader {
    SettingsReader(members) { path throws(SettingsError) in
      guard path == "/secret" else { throw SettingsError(path: "", detail: "\(path): not there") }
      return Array(file.utf8)
    }
  }

  @Test("a secret comes from its key or its file, never from both, and is hidden in what is printed")
  func secret() throws {
    let inline = reader(["password": .string("hunter2")])
    #expect(try inline.secret("password")?.isEqual(to: Secret(copying: "hunter2".utf8)) == true)
    #expect(inline.effective == ["password": .string("(hidden)"), "passwordFile": .null])
    let named = reader(["passwordFile": .string("/secret")], file: "from file\r\n")
    #expect(try named.secret("password")?.isEqual(to: Secret(copying: "from file".utf8)) == true)
    #expect(named.effective == ["password": .null, "passwordFile": .string("/secret")])
    #expect(throws: SettingsError.self) {
      try reader(["password": .string("a"), "passwordFile": .string("/secret")]).secret("password")
    }
    #expect(throws: SettingsError.self) { try reader(["passwordFile": .string("/absent")]).secret("password") }
    #expect(try reader([:]).secret("password") == nil)
  }

  @Test("a list of secrets comes from its key or, one to a line, from its file")
  func secrets() throws {
    let inline = reader(["secrets": .array([.string("a"), .string("b")])])
    #expect(try inline.secrets("secrets").count == 2)
    #expect(inline.effective["secrets"] == .array([.string("(hidden)"), .string("(hidden)")]))
    let named = reader(["secretsFile": .string("/secret")], file: "one\n\r\ntwo")
    let read = try named.secrets("secrets")
    #expect(read.count == 2 && read[1].isEqual(to: Secret(copying: "two".utf8)))
    #expect(throws: SettingsError.self) {
      try reader(["secrets": .array([.string("a")]), "secretsFile": .string("/secret")]).secrets("secrets")
    }
  }

  @Test("a key nobody asked for is refused with the nearest known one, its File form included")
  func unknown() throws {
    let mistyped = reader(["pasword": .string("x")])
    _ = try mistyped.secret("password")
    #expect(throws: SettingsError(path: "pasword", detail: "unknown key; did you mean 'password'?")) { try mistyped.finish() }
    let file = reader(["passwordFile": .string("/secret")], file: "x")
    _ = try file.secret("password")
    try file.finish()
  }

  @Test("numbers, durations and choices outside their range are refused")
  func ranges() {
    #expect(throws: SettingsError.self) { try reader(["n": .integer(10)]).integer("n", default: 1, in: 1...9) }
    #expect(throws: SettingsError.self) { try reader(["n": .string("1")]).integer("n", default: 1, in: 1...9) }
    #expect(throws: SettingsError.self) { try reader(["t": .integer(61)]).duration("t", default: .seconds(1), in: .zero ... .seconds(60)) }
    #expect(throws: SettingsError.self) {
      try reader(["t": .number(.infinity)]).duration("t", default: .seconds(1), in: .zero ... .seconds(60))
    }
  }
}
