internal import API
internal import Cryptography
internal import Identity
internal import JSON
internal import Primitives
internal import Tokens

/// `app …`: applications, which sign users in or call on their own behalf.
enum AppCommands {
  static let rows = [add, list, show, set, delete, grant, revoke]

  private static let name = Command.Argument("APP", "the application")

  private static let add = Command(
    "app add", "Makes an application with a client secret and an API key", arguments: [name],
    options: [.values("audience", "A", "what its tokens may be meant for, beside this server")],
    examples: ["app add web", "app add gateway --audience https://api.example.com --json"],
    action: .application { invocation, console, application in
      let name = try invocation.argument("APP")
      switch try await application.applications.add(name, audiences: invocation.values("audience"), by: console.provenance) {
      case .added(let enrolment): write(enrolment, to: console, isJSON: invocation.isJSON)
      case .nameTaken: throw Refusal("there is an application of this name already")
      case .invalidName:
        throw Refusal("an application's name has 1 to 64 letters, digits and . _ -, and begins with a letter or digit")
      case .invalidAudience(let audience): throw invalidAudience(audience)
      }
      return .done
    })

  private static func write(_ enrolment: Applications.Enrolment, to console: Console, isJSON: Bool) {
    let application = enrolment.application
    if isJSON {
      console.json { $0.enrolment(enrolment) }
      return
    }
    console.line("name           \(application.name)")
    console.line("client_id      \(application.clientID)")
    console.line("client_secret  \(enrolment.clientSecret)")
    console.line("api_key        \(enrolment.apiKey.text)")
    console.line()
    console.line("Keep secret and key now: they are not shown again.")
  }

  private static let list = Command(
    "app list", "Lists the applications", examples: ["app list"],
    action: .application { invocation, console, application in
      let applications = try await application.applications.list()
      if invocation.isJSON {
        console.json { json in json.array(applications) { json, application in json.application(application, roles: nil, keys: nil) } }
      } else {
        console.table(
          ["NAME", "STATE", "ALGORITHM", "CLIENT_ID"],
          applications.map { [$0.name, $0.isEnabled ? "enabled" : "disabled", $0.algorithm.rawValue, $0.clientID] })
      }
      return .done
    })

  private static let show = Command(
    "app show", "Shows an application with roles and keys", arguments: [name], examples: ["app show web"],
    action: .application { invocation, console, root in
      let application = try await application(invocation, root)
      let roles = try await root.roles.assignments(of: .application(application.id))
      let keys = try await root.apiKeys.list(of: application.name) ?? []
      if invocation.isJSON {
        console.json { $0.application(application, roles: roles, keys: keys) }
        return .done
      }
      console.line("name       \(application.name)")
      console.line("client_id  \(application.clientID)")
      console.line("state      \(application.isEnabled ? "enabled" : "disabled")")
      console.line("tokens     \(application.algorithm.rawValue), typ \(application.tokenType.rawValue)")
      console.line("audiences  \(application.audiences.isEmpty ? "-" : application.audiences.joined(separator: ", "))")
      for line in try await AssignmentTerms.lines(roles, root) { console.line("role       \(line)") }
      for key in keys { console.line("key        \(key.id)  \(APIKeyCommands.state(of: key, at: root.now()))") }
      return .done
    })

  private static let set = Command(
    "app set", "Changes an application", arguments: [name],
    options: [
      .value("enabled", "true|false", "false takes everything from it at once"),
      .value("algorithm", "ES256|RS256|EdDSA", "what its tokens are signed with"),
      .value("token-type", "at+jwt|JWT", "the typ of its access tokens"),
      .values("audience", "A", "what its tokens may be meant for beside this server: all, '' for none; others are not refreshed"),
    ],
    examples: [
      "app set web --enabled false", "app set apinto --algorithm RS256 --token-type JWT", "app set web --audience https://api.example.com",
    ],
    action: .application { invocation, console, application in
      guard ["enabled", "algorithm", "token-type", "audience"].contains(where: invocation.has) else {
        throw invocation.wrong("say what to change: --enabled, --algorithm, --token-type or --audience")
      }
      let change = Applications.Change(
        isEnabled: try choice("enabled", ["true": true, "false": false], invocation),
        algorithm: try choice("algorithm", byRawValue(SigningAlgorithm.allCases), invocation),
        tokenType: try choice("token-type", byRawValue(TokenType.ofAccess), invocation),
        audiences: invocation.has("audience") ? invocation.values("audience").filter { !$0.isEmpty } : nil)
      if let wrong = change.audiences?.first(where: { !Identity.Application.isAudience($0) }) { throw invalidAudience(wrong) }
      let name = try invocation.argument("APP")
      guard try await application.applications.change(name, change, by: console.provenance) else { throw unknown(name) }
      return .done
    })

  private static let delete = Command(
    "app delete", "Deletes an application with keys, grants and its users' sessions", arguments: [name], examples: ["app delete web"],
    action: .application { invocation, console, application in
      let name = try invocation.argument("APP")
      guard try await application.applications.delete(name, by: console.provenance) else { throw unknown(name) }
      return .done
    })

  private static let grant = Command(
    "app grant", "Grants a role to an application, or changes the terms on which it is held",
    arguments: [name, .init("ROLE", "the role")], options: AssignmentTerms.options(app: false),
    examples: ["app grant gateway reader", "app grant gateway reader --until 2027-01-01T00:00:00Z"],
    action: .application { invocation, console, root in
      let application = try await application(invocation, root)
      let outcome = try await root.roles.grant(
        .named(try invocation.argument("ROLE")), to: .application(application.id), try await AssignmentTerms.read(invocation, root),
        by: console.provenance)
      return try RoleCommands.report(outcome, invocation, console)
    })

  private static let revoke = Command(
    "app revoke", "Takes a role from an application", arguments: [name, .init("ROLE", "the role")],
    examples: ["app revoke gateway reader"],
    action: .application { invocation, console, root in
      let application = try await application(invocation, root)
      let outcome = try await root.roles.revoke(
        .named(try invocation.argument("ROLE")), from: .application(application.id), by: console.provenance)
      return try RoleCommands.report(outcome, invocation, console)
    })

  private static func application(_ invocation: Invocation, _ root: Application) async throws -> Identity.Application {
    let name = try invocation.argument("APP")
    guard let application = try await root.applications.application(named: name) else { throw unknown(name) }
    return application
  }

  private static func invalidAudience(_ audience: String) -> Refusal {
    Refusal("'\(audience)' cannot be an audience: write 1 to 200 visible characters")
  }

  static func unknown(_ name: String) -> Refusal { Refusal("there is no application '\(name)'; 'app list' shows them") }

  private static func byRawValue<Value: RawRepresentable<String>>(_ values: [Value]) -> [String: Value] {
    Dictionary(uniqueKeysWithValues: values.map { ($0.rawValue, $0) })
  }

  /// `nil` where the option was not given.
  private static func choice<Value>(_ option: String, _ values: [String: Value], _ invocation: Invocation) throws(UsageError) -> Value? {
    guard let text = invocation.value(option) else { return nil }
    guard let value = values[text] else {
      throw invocation.wrong("--\(option) takes one of \(values.keys.sorted().joined(separator: ", ")), not '\(text)'")
    }
    return value
  }
}

extension JSONWriter {
  fileprivate mutating func application(_ application: Identity.Application, roles: [Assignment]?, keys: [APIKey]?) {
    object { json in
      json.members(of: application)
      if let roles { json.assignments(roles) }
      if let keys { json.member("keys") { json in json.array(keys) { json, key in json.apiKey(key) } } }
    }
  }
}
