internal import API
internal import Identity
internal import JSON
internal import Primitives

/// `role …`: roles and their permissions.
enum RoleCommands {
  static let rows = [add, list, show, set, delete, allow, disallow, inherit, disinherit]

  private static let name = Command.Argument("ROLE", "the role")
  private static let other = Command.Argument("OTHER", "the role whose permissions it gets")
  private static let permission = Command.Argument("PERMISSION", "resource:action, such as models/*:invoke")

  private static let add = Command(
    "role add", "Makes a role", arguments: [name],
    options: [
      .value("description", "TEXT", "what it is for"), .values("allow", "PERMISSION", "a permission that it holds"),
      .values("inherit", "ROLE", "a role whose permissions it holds too"),
    ],
    examples: ["role add billing --allow invoices:read --allow invoices:write", "role add chief --inherit billing"],
    action: .application { invocation, console, application in
      let name = try invocation.argument("ROLE")
      let permissions = try invocation.values("allow").map { try parse($0, invocation) }
      let outcome = try await application.roles.add(
        name, description: invocation.value("description") ?? "", permissions: permissions, inherits: invocation.values("inherit"),
        by: console.provenance)
      return try report(outcome, invocation, console)
    })

  private static let set = Command(
    "role set", "Changes what a role is said to be for", arguments: [name],
    options: [.value("description", "TEXT", "what it is for")], examples: ["role set billing --description invoicing"],
    action: .application { invocation, console, application in
      let outcome = try await application.roles.change(
        .named(try invocation.argument("ROLE")), Roles.Change(description: invocation.value("description")), by: console.provenance)
      return try report(outcome, invocation, console)
    })

  private static let list = Command(
    "role list", "Lists the roles", examples: ["role list"],
    action: .application { invocation, console, application in
      let roles = try await application.roles.list()
      if invocation.isJSON {
        console.json { json in json.array(roles) { json, role in json.role(role) } }
      } else {
        console.table(
          ["ROLE", "INHERITS", "PERMISSIONS", "DESCRIPTION"],
          roles.map {
            [$0.name, $0.inherits.joined(separator: " "), $0.permissions.map(\.text).joined(separator: " "), $0.description]
          })
      }
      return .done
    })

  private static let show = Command(
    "role show", "Shows a role", arguments: [name], examples: ["role show billing"],
    action: .application { invocation, console, application in
      let name = try invocation.argument("ROLE")
      guard let role = try await application.roles.role(.named(name)) else { throw Refusal("there is no role '\(name)'") }
      if invocation.isJSON {
        console.json { $0.role(role) }
      } else {
        console.line("\(role.name)\(role.isBuiltin ? " (built in)" : "")  \(role.description)")
        for permission in role.permissions { console.line("  \(permission)") }
        for junior in role.inherits { console.line("  and everything of \(junior)") }
      }
      return .done
    })

  private static let delete = Command(
    "role delete", "Deletes a role and its grants", arguments: [name], examples: ["role delete billing"],
    action: .application { invocation, console, application in
      try report(try await application.roles.delete(.named(try invocation.argument("ROLE")), by: console.provenance), invocation, console)
    })

  private static let allow = Command(
    "role allow", "Gives a role a permission", arguments: [name, permission], examples: ["role allow billing invoices:read"],
    action: .application { invocation, console, application in
      let permission = try parse(try invocation.argument("PERMISSION"), invocation)
      let outcome = try await application.roles.allow(permission, to: .named(try invocation.argument("ROLE")), by: console.provenance)
      return try report(outcome, invocation, console)
    })

  private static let disallow = Command(
    "role disallow", "Takes a permission from a role", arguments: [name, permission], examples: ["role disallow billing invoices:read"],
    action: .application { invocation, console, application in
      let permission = try parse(try invocation.argument("PERMISSION"), invocation)
      let outcome = try await application.roles.disallow(permission, from: .named(try invocation.argument("ROLE")), by: console.provenance)
      return try report(outcome, invocation, console)
    })

  private static let inherit = Command(
    "role inherit", "Gives a role everything of another one", arguments: [name, other], examples: ["role inherit chief billing"],
    action: .application { invocation, console, application in
      let outcome = try await application.roles.inherit(
        try invocation.argument("OTHER"), by: .named(try invocation.argument("ROLE")), by: console.provenance)
      return try report(outcome, invocation, console)
    })

  private static let disinherit = Command(
    "role disinherit", "Ends that a role has everything of another one", arguments: [name, other],
    examples: ["role disinherit chief billing"],
    action: .application { invocation, console, application in
      let outcome = try await application.roles.disinherit(
        try invocation.argument("OTHER"), by: .named(try invocation.argument("ROLE")), by: console.provenance)
      return try report(outcome, invocation, console)
    })

  private static func parse(_ text: String, _ invocation: Invocation) throws(UsageError) -> Permission {
    guard let permission = Permission(text) else {
      throw invocation.wrong("'\(text)' is no permission; write resource:action, such as models/*:invoke, in a-z 0-9 . _ - /")
    }
    return permission
  }

  /// What a change of roles came to, for a person.
  static func report(_ outcome: RoleOutcome, _ invocation: Invocation, _ console: Console) throws -> ExitStatus {
    switch outcome {
    case .done: return .done
    case .unchanged:
      console.note("it is so already; nothing was changed")
      return .done
    case .unknownRole: throw Refusal("there is no role '\(invocation.argumentIfPresent("ROLE") ?? "")'; 'role list' shows them")
    default: throw Refusal(outcome.sentence)
    }
  }
}

extension RoleOutcome {
  /// Why nothing was changed.
  fileprivate var sentence: String {
    switch self {
    case .done, .unchanged, .unknownRole: "there is no such role; 'role list' shows them"
    case .unknownOther(let name): "there is no role '\(name)'; 'role list' shows them"
    case .unknownHolder: "there is nobody of that name any more"
    case .unknownSeparation: "there is no such separation; 'separation list' shows them"
    case .unknownApplication: "there is no such application; 'app list' shows them"
    case .nameTaken: "the name is taken already"
    case .invalidName: "a name has 1 to 64 letters, digits and . _ -, and begins with a letter or digit"
    case .invalidDescription: "a description has at most \(RoleLimits.description) bytes"
    case .endIsOver: "--until must lie ahead"
    case .invalidTerms: "an audience has 1 to 200 visible characters"
    case .builtin: "a built-in role cannot be changed or deleted"
    case .outdated: "it was changed meanwhile"
    case .cycle: "the other role inherits this one already: it would inherit itself; 'role disinherit' ends that"
    case .tooDeep: "roles may inherit each other over at most \(RoleLimits.depth) steps"
    case .wrongCount: "a separation has \(RoleLimits.separated.lowerBound) to \(RoleLimits.separated.upperBound) roles"
    case .tooMany(let bound): "there is a bound: \(bound)"
    case .separationOfDuty(let name): "separation of duty: the separation '\(name)' keeps these roles apart"
    case .separationHeld(let name, let holder):
      "separation of duty: '\(holder)' would hold two roles that the separation '\(name)' keeps apart"
    case .lastAdministrator: "\(LastAdministrator())"
    }
  }
}
