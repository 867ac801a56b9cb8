import Primitives
import Testing

@testable import API

@Suite("A pattern for a header")
struct HeaderPatternTests {
  @Test("the whole value matches or nothing does")
  func wholeValue() throws {
    let pattern = try HeaderPattern("[a-z]{3}-[0-9]+|x")
    for value in ["abc-42", "x"] { #expect(pattern.matches(value)) }
    for value in ["", "abc-", "xabc-42", "abc-42x", "ABC-42", "xx", "x\n", " x"] { #expect(!pattern.matches(value), "\(value)") }
    // A shorter alternative that stands first does not hide the longer one.
    #expect(try HeaderPattern("a|ab").matches("ab"))
  }

  @Test("groups, look-ahead and characters beyond ASCII work")
  func syntax() throws {
    #expect(try HeaderPattern("(a)(b)(c)\\3").matches("abcc"))
    #expect(try HeaderPattern("(?=.*[0-9])(?=.*[a-z])\\w{4,8}").matches("abc1"))
    #expect(try HeaderPattern("é.").matches("éü"))
    #expect(try !HeaderPattern("é.").matches("éüx"))
  }

  @Test(
    "a pattern that backtracks exponentially gives up and has not matched",
    arguments: ["([a-z0-9]+-?)+", "(a+)+", "(a|aa)+", "(?:a*)*", "(.*a){12}"])
  func backtracking(text: String) throws {
    let pattern = try HeaderPattern(text)
    #expect(!pattern.matches(String(repeating: "a", count: 255) + "!"))
  }

  @Test("the bounds leave room for honest values of every length that is allowed")
  func honest() throws {
    let pattern = try HeaderPattern("([a-z0-9]+-?)+")
    #expect(pattern.matches(String(repeating: "abc-", count: 64)))
    #expect(pattern.matches(String(repeating: "a-", count: 128)))
    #expect(pattern.matches(String(repeating: "a", count: 256)))
    #expect(try HeaderPattern("(?:[0-9a-f]|x)*").matches(String(repeating: "a", count: 256)))
    #expect(!pattern.matches(String(repeating: "a", count: 257)))
  }

  @Test("a pattern matches from many tasks at once")
  func parallel() async throws {
    let pattern = try HeaderPattern("([a-z]+-?)+")
    let results = await withTaskGroup(of: Bool.self) { group in
      for index in 0..<200 { group.addTask { pattern.matches(index % 2 == 0 ? "abc-def" : "abc-DEF") == (index % 2 == 0) } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.count == 200 && results.allSatisfy { $0 })
  }

  private func settings(_ pattern: String) throws -> VerificationSettings {
    let members: [String: SettingsValue] = ["rule": .string("pattern"), "pattern": .string(pattern)]
    return try VerificationSettings(
      from: SettingsReader(members, path: "verification") { path throws(SettingsError) in
        throw SettingsError(path: path, detail: "no file")
      })
  }

  @Test("an invalid pattern is refused with its path, what is wrong with it and where")
  func invalid() throws {
    let error = #expect(throws: SettingsError.self) { try settings("abc(def") }
    #expect(error?.path == "verification.pattern")
    #expect(error?.detail == "not a regular expression: missing closing parenthesis (at byte 7)")
    #expect(throws: SettingsError(path: "verification.pattern", detail: "expected a regular expression")) { try settings("") }
    #expect(throws: SettingsError.self) { try settings("\\C") }
    #expect(try settings("abc").pattern?.matches("abc") == true)
  }
}
