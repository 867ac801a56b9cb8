import Identity
import Primitives
import Testing

@Suite("Rules in the configuration")
struct RuleReadingTests {
  private func read(_ members: [String: SettingsValue]) throws(SettingsError) -> DecisionSettings {
    let reader = SettingsReader(["authz": .object(members)]) { path throws(SettingsError) in throw SettingsError(path: path, detail: "") }
    return try reader.section("authz")
  }

  private func rules(_ rules: [String: SettingsValue]...) -> [String: SettingsValue] { ["rules": .array(rules.map { .object($0) })] }

  private func error(_ members: [String: SettingsValue]) -> SettingsError? {
    do {
      _ = try read(members)
      return nil
    } catch {
      return error
    }
  }

  @Test("without rules there is the one that takes any live credential, and loopback may ask")
  func defaults() throws {
    let settings = try read([:])
    #expect(settings.rules == [.authenticated])
    #expect(settings.gateways.contains { $0.contains(.loopback) })
    #expect(try read(["rules": .array([])]).rules.isEmpty)
  }

  @Test("a rule with everything is read")
  func whole() throws {
    let settings = try read(
      rules([
        "name": .string("models"), "hosts": .array([.string("api.example.com"), .string("*.example.org")]),
        "methods": .array([.string("POST")]),
        "paths": .array([.string("/v1/*/chat")]), "permissions": .array([.string("models/{1}:invoke")]),
        "anyPermission": .array([.string("a:b")]),
        "role": .string("clerk"), "audience": .string("https://api.example.com"), "maxAge": .integer(300), "acr": .string("aal2"),
        "identityToken": .string("https://up.example.com"), "signInURL": .string("https://login.example.com/?theme=dark"),
      ]))
    let rule = try #require(settings.rules.first)
    #expect(rule.maxAge == .seconds(300) && rule.acr == .aal2 && rule.hasTemplates && rule.identityAudience == "https://up.example.com")
  }

  @Test("every mistake is refused with its place")
  func mistakes() {
    let name: SettingsValue = .string("r")
    let cases: [([String: SettingsValue], String, String)] = [
      ([:], "authz.rules[0].name", "needs a name"), (["name": .string("a b")], "authz.rules[0].name", "needs a name"),
      (["name": name, "permision": .array([])], "authz.rules[0].permision", "did you mean"),
      (["name": name, "permissions": .array([.string("a:b"), .string("A")])], "authz.rules[0].permissions[1]", "expected a permission"),
      (["name": name, "permissions": .string("a:b")], "authz.rules[0].permissions", "expected"),
      (["name": name, "paths": .array([.string("/a/../b")])], "authz.rules[0].paths[0]", "expected a path"),
      (["name": name, "hosts": .array([.string("a:80")])], "authz.rules[0].hosts[0]", "without a port"),
      (["name": name, "methods": .array([.string("get")])], "authz.rules[0].methods[0]", "expected a method"),
      (["name": name, "acr": .string("aal9")], "authz.rules[0].acr", "aal1, aal2, aal3"),
      (["name": name, "signInURL": .string("javascript:alert(1)")], "authz.rules[0].signInURL", "http or https"),
      (["name": name, "signInURL": .string("https://a.example/#x")], "authz.rules[0].signInURL", "without a fragment"),
      (["name": name, "signInURL": .string("https://a.example/\r\nX: y")], "authz.rules[0].signInURL", "http or https"),
      (["name": name, "maxAge": .integer(0)], "authz.rules[0].maxAge", "expected seconds"),
      (["name": name, "anonymous": .boolean(true), "role": .string("x")], "authz.rules[0].anonymous", "write two rules"),
      (
        ["name": name, "paths": .array([.string("/a/**")]), "permissions": .array([.string("a:{1}")])], "authz.rules[0].permissions",
        "needs 1 '*'"
      ),
    ]
    for (rule, path, detail) in cases {
      let found = error(rules(rule))
      #expect(found?.path == path && found?.detail.contains(detail) == true, "\(String(describing: found))")
    }
    #expect(error(rules(["name": name], ["name": name]))?.path == "authz.rules[1].name")
    #expect(error(["gateways": .array([.string("10.0.0.1/8")])])?.path == "authz.gateways[0]")
  }
}
