internal import Identity
internal import JSON
internal import Primitives

/// `separation …`: roles that are kept apart.
enum SeparationCommands {
  static let rows = [add, list, delete]

  private static let name = Command.Argument("NAME", "the separation")

  private static let add = Command(
    "separation add", "Keeps roles apart: nobody holds two of them (static), or has two active in one session (dynamic)",
    arguments: [name, .init("KIND", "static or dynamic"), .init("OF", "a role", .oneOrMore)],
    examples: ["separation add payments static payer approver", "separation add desk dynamic cashier auditor"],
    action: .application { invocation, console, application in
      guard let kind = Separation.Kind(rawValue: try invocation.argument("KIND")) else {
        throw invocation.wrong("KIND is static or dynamic")
      }
      let roles = invocation.arguments("OF")
      guard Set(roles).count > 1 else { throw invocation.wrong("name two roles or more") }
      let outcome = try await application.separations.add(
        try invocation.argument("NAME"), kind, roles, by: console.provenance)
      if case .separationOfDuty = outcome {
        throw Refusal(
          "somebody holds two of these roles, or one of them inherits another; end that first ('user revoke', 'role disinherit')")
      }
      return try RoleCommands.report(outcome, invocation, console)
    })

  private static let list = Command(
    "separation list", "Lists the separations", examples: ["separation list", "separation list --json"],
    action: .application { invocation, console, application in
      let separations = try await application.separations.list()
      if invocation.isJSON {
        console.json { json in
          json.array(separations) { json, separation in
            json.object { json in
              json.member("id", "\(separation.id)")
              json.member("name", separation.name)
              json.member("kind", separation.kind.rawValue)
              json.member("roles", separation.roles)
              json.member("created_at", separation.createdAt.rfc3339())
            }
          }
        }
      } else {
        console.table(
          ["SEPARATION", "KIND", "ROLES"], separations.map { [$0.name, $0.kind.rawValue, $0.roles.joined(separator: " ")] })
      }
      return .done
    })

  private static let delete = Command(
    "separation delete", "Lets the roles go together again", arguments: [name], examples: ["separation delete payments"],
    action: .application { invocation, console, application in
      let outcome = try await application.separations.delete(.named(try invocation.argument("NAME")), by: console.provenance)
      return try RoleCommands.report(outcome, invocation, console)
    })
}
