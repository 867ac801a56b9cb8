import Testing

@testable import Identity

@Suite("What a held permission covers")
struct PermissionSetTests {
  @Test(
    "a held permission covers exactly what its pattern says, on both sides of the colon",
    arguments: [
      ("models/gpt-4o:invoke", "models/gpt-4o:invoke", true), ("models/gpt-4o:invoke", "models/gpt-4:invoke", false),
      ("models/gpt-4o:invoke", "models/gpt-4o:read", false), ("models/gpt-4o:invoke", "models/gpt-4o/x:invoke", false),
      ("models/*:invoke", "models/gpt-4o:invoke", true), ("models/*:invoke", "models:invoke", false),
      ("models/*:invoke", "models/a/b:invoke", false), ("models/*:invoke", "model/a:invoke", false),
      ("*:read", "a:read", true), ("*:read", "a/b:read", false), ("**:read", "a:read", true), ("**:read", "a/b/c:read", true),
      ("**:read", "a:write", false), ("a/**:read", "a:read", false), ("a/**:read", "a/b:read", true), ("a/**:read", "a/b/c/d:read", true),
      ("a/**:read", "b/a/c:read", false), ("a/*/c:read", "a/b/c:read", true), ("a/*/c:read", "a/b/d:read", false),
      ("a/*/**:read", "a/b:read", false), ("a/*/**:read", "a/b/c:read", true), ("*/*:x", "a/b:x", true), ("*/*:x", "a:x", false),
      ("a:*", "a:read", true), ("a:*", "a:read/all", false), ("a:**", "a:read/all", true), ("a:read/*", "a:read/x", true),
      ("a:read/*", "a:read", false), ("**:**", "a/b:c/d", true), ("cf/**:*", "cf/users:read", true), ("cf/**:*", "cf:read", false),
      ("cf/**:*", "cfx/users:read", false), ("a*b:read", "axb:read", false), ("a:b", "a/b:b", false), ("a/b:c", "a:b/c", false),
    ])
  func table(held: String, asked: String, isCovered: Bool) throws {
    let asked = try #require(Permission(asked))
    // A text that is no permission is never held.
    let set = PermissionSet([Permission(held)].compactMap { $0 })
    #expect(set.allows(asked) == isCovered)
    // Nor does it matter what else is held.
    let more = ["zz:z", "models/**:zz", "a/*/zz:zz", "*/zz:**", "b:*"].compactMap { Permission($0) }
    #expect(PermissionSet(more + [Permission(held)].compactMap { $0 }).allows(asked) == isCovered)
  }

  @Test("a pattern is allowed only where it is held letter by letter, however wide the others are")
  func patternsAsked() throws {
    let held = PermissionSet(["**:**", "models/*:invoke"].compactMap { Permission($0) })
    for (text, isAllowed) in [("models/*:invoke", true), ("**:**", true), ("models/**:invoke", false), ("*:invoke", false), ("a:*", false)]
    {
      #expect(held.allows(try #require(Permission(text))) == isAllowed, "\(text)")
    }
  }

  @Test("many random patterns answer as each of them alone does, compared segment by segment")
  func random() throws {
    var generator = SystemRandomNumberGenerator()
    func path(_ wild: Bool) -> String {
      var segments = (0..<Int.random(in: 1...3, using: &generator)).map { _ in ["a", "b", wild ? "*" : "c"].randomElement() ?? "a" }
      if wild, Int.random(in: 0..<4, using: &generator) == 0 { segments[segments.count - 1] = "**" }
      return segments.joined(separator: "/")
    }
    var covered = 0
    for _ in 0..<400 {
      let held = (0..<6).compactMap { _ in Permission("\(path(true)):\(path(true))") }
      let set = PermissionSet(held)
      for _ in 0..<20 {
        let asked = try #require(Permission("\(path(false)):\(path(false))"))
        let expected = held.contains { Naive.covers($0.text, asked.text) }
        covered += expected ? 1 : 0
        #expect(set.allows(asked) == expected, "\(held) \(asked)")
      }
    }
    #expect(covered > 400)
  }
}

/// Slow and obvious.
enum Naive {
  static func covers(_ held: String, _ asked: String) -> Bool {
    if held == asked { return true }
    if asked.contains("*") { return false }
    let (left, right) = (held.split(separator: ":"), asked.split(separator: ":"))
    return side(left[0].split(separator: "/").map(String.init), right[0].split(separator: "/").map(String.init))
      && side(left[1].split(separator: "/").map(String.init), right[1].split(separator: "/").map(String.init))
  }

  private static func side(_ held: [String], _ asked: [String]) -> Bool {
    for (index, segment) in held.enumerated() {
      if segment == "**" { return asked.count > index }
      if index >= asked.count || (segment != "*" && segment != asked[index]) { return false }
    }
    return held.count == asked.count
  }
}
