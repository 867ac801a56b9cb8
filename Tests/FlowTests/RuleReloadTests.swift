import Glibc
import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Rules in force")
struct RuleReloadTests {
  private func write(_ world: World, _ rules: String, _ more: String = "") throws {
    let path = "\(world.path)/credentialflow.json5"
    unlink(path)
    let text = World.configuration.dropLast() + ", authz: {rules: [\(rules)]}\(more)}"
    _ = try FileBytes.create(path, Array(String(text).utf8), mode: 0o600)
  }

  @Test("a reload puts all rules in force before the next decision, and says which other keys wait for a restart")
  func reload() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      #expect(try world.nginx("authenticated", client.key).decision == "200")
      try write(
        world, #"{name: "a", role: "boss"}, {name: "b"}"#, #", tokens: {accessLifetime: 60}, cors: {origins: ["https://a.example"]}"#)
      let reloaded = try world.application.reload()
      #expect(reloaded.rules == 2)
      #expect(reloaded.waiting == ["cors.origins", "tokens.accessLifetime"])
      #expect(try world.nginx("authenticated", client.key).decision == "403 no_rule")
      #expect(try world.nginx("a", client.key).decision == "403 insufficient_role")
      #expect(try world.nginx("b", client.key).decision == "200")
    }
  }

  @Test("one wrong rule, or anything else that is wrong, changes nothing")
  func refused() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      for (rules, more, told) in [
        (#"{name: "a"}, {name: "b", permision: []}"#, "", "authz.rules[1].permision: unknown key; did you mean 'permissions'?"),
        (#"{name: "a"}"#, #", cors: {origins: ["x"]}"#, "cors.origins"),
      ] {
        try write(world, rules, more)
        #expect { try world.application.reload() } throws: { "\($0)".contains(told) }
        #expect(try world.nginx("a", client.key).decision == "403 no_rule")
        #expect(try world.nginx("authenticated", client.key).decision == "200")
      }
    }
  }

  @Test("rule list and rule explain say what a decision does")
  func explain() async throws {
    let rules = Rules.of(
      #"{"name":"post","methods":["POST"],"paths":["/v1/**"]}"#,
      #"{"name":"read","hosts":["api.example.com"],"paths":["/v1/*"],"permissions":["m/{1}:read"]}"#)
    try await World.run(rules) { world in
      let client = try await world.addClient()
      func explain(_ words: String...) async throws -> JSONValue {
        let request = ControlRequest(words: ["rule", "explain"] + words + ["--json"], isTerminal: false, input: nil)
        let reply = await CommandRunner(table: CommandTable.all, environment: [:]).run(request, in: world.application)
        return try JSONValue(parsing: Array(reply.output.utf8))
      }
      let none = try await explain("GET", "https://api.example.com/v1/a")
      #expect(none["rule"]?.string == "read" && none["decision"]?.boolean == false && none["reason"]?.string == "no_credentials")
      #expect(none["skipped"]?.elements?.first?["why"]?.string == "the method is not one of the rule's")
      let key = try await explain("GET", "https://api.example.com/v1/a?x", "--key", client.apiKey)
      #expect(key["reason"]?.string == "insufficient_permission" && key["challenge"]?.string?.contains("m/a:read") == true)
      let token = try world.token("grant_type=client_credentials", client.basic).token()
      #expect(try await explain("POST", "https://h/v1/x/y", "--token", token)["decision"]?.boolean == true)
      #expect(try await explain("GET", "https://h/v1/%2e%2e", "--token", token)["reason"]?.string == "ambiguous_path")
      #expect(try await explain("GET", "https://h/v1/a", "--token", "x.y.z")["reason"]?.string == "no_rule")
      #expect(try await explain("POST", "https://h/v1/a", "--token", "x.y.z")["reason"]?.string == "invalid_token")
      let unknown = await world.command("rule", "explain", "GET", "https://h/v1/a", "--rule", "nosuch")
      #expect(unknown.status == .refused && unknown.errors.contains("there is no rule 'nosuch'"), "\(unknown)")
    }
  }
}
