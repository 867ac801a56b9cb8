internal import HTTP

/// Contract, sections 5 and 6: roles, who holds them, and what is kept apart.
extension OperationDescription {
  static var assignments: [OperationDescription] { assignments("/users/{id}", "a user") + assignments("/apps/{id}", "an application") }

  private static func assignments(_ path: String, _ holder: String) -> [OperationDescription] {
    let all = [Answer(200, "All of them", .page(of: .named(.assignment)))]
    let refusals: [ProblemCode] = [.notFound, .conflict, .separationOfDuty]
    return [
      admin(.get, path + "/roles", "Lists the roles of \(holder) with their terms", all, problems: [.notFound]),
      admin(
        .post, path + "/roles", "Grants \(holder) a role, or changes its terms; needs cf/roles:write as well",
        input: RoleSchemas.grant, all, problems: refusals),
      admin(
        .put, path + "/roles/{role}", "Grants \(holder) this role, or changes its terms; needs cf/roles:write as well",
        input: RoleSchemas.terms, all, problems: refusals),
      admin(
        .delete, path + "/roles/{role}", "Takes a role from \(holder); needs cf/roles:write as well", [Answer(204, "Taken")],
        problems: [.notFound, .conflict]),
    ]
  }

  static var roles: [OperationDescription] {
    let shown = [Answer(200, "The role as it is now", .named(.role), headers: ["ETag"])]
    return [
      admin(.get, "/roles", "Lists the roles by name", [Answer(200, "A page", .page(of: .named(.role)))]),
      admin(
        .post, "/roles", "Makes a role", input: RoleSchemas.newRole,
        [Answer(201, "The role", .named(.role), headers: ["ETag", "Location"])], problems: [.conflict, .separationOfDuty]),
      admin(.get, "/roles/{id}", "Shows a role", shown, problems: [.notFound]),
      admin(
        .patch, "/roles/{id}", "Changes a role; its holders may do so from their next request on", input: RoleSchemas.rolePatch, shown,
        problems: [.notFound, .conflict, .separationOfDuty, .preconditionFailed], headers: [.ifMatch]),
      admin(
        .delete, "/roles/{id}", "Deletes a role and its grants", [Answer(204, "Deleted")],
        problems: [.notFound, .conflict, .preconditionFailed], headers: [.mayIfMatch]),
    ]
  }

  static var separations: [OperationDescription] {
    [
      admin(.get, "/separations", "Lists the separations by name", [Answer(200, "A page", .page(of: .named(.separation)))]),
      admin(
        .post, "/separations", "Keeps roles apart", input: RoleSchemas.newSeparation,
        [Answer(201, "The separation", .named(.separation), headers: ["Location"])], problems: [.conflict, .separationOfDuty]),
      admin(.get, "/separations/{id}", "Shows a separation", [Answer(200, "The separation", .named(.separation))], problems: [.notFound]),
      admin(.delete, "/separations/{id}", "Ends a separation", [Answer(204, "Ended")], problems: [.notFound]),
    ]
  }
}

/// The shapes of roles, and of who holds them.
enum RoleSchemas {
  private static let permission = Schema.string("resource:action, such as models/*:invoke.", lengths: 3...200)
  private static let name = AdministrationSchemas.name
  private static let permissions = Schema.array(of: permission, "Its own.")
  private static let inherits = Schema.array(of: name, "The roles that it inherits.")

  static var role: Schema {
    .object([
      .always("id", .identifier), .always("name", name), .always("description", .string()), .always("built_in", .boolean()),
      .always("permissions", permissions), .always("inherits", inherits), .always("version", .integer("The ETag.")),
    ])
  }

  static var newRole: Schema {
    .input([
      .always("name", name), .maybe("description", .string()), .maybe("permissions", permissions), .maybe("inherits", inherits),
    ])
  }

  static var rolePatch: Schema {
    .input([.maybe("description", .string()), .maybe("permissions", permissions), .maybe("inherits", inherits)])
  }

  private static var conditions: [Schema.Member] {
    [
      .maybe("expires_at", .time), .maybe("application", .string("Only in sessions that this application opened; its identifier.")),
      .maybe("audience", .string("Only in tokens for this audience.")),
    ]
  }

  static var terms: Schema { .input(conditions) }
  static var grant: Schema { .input([.always("role", .string("The role's name."))] + conditions) }

  static var assignment: Schema {
    .object([.always("role", name), .always("role_id", .identifier), .always("granted_at", .time)] + conditions)
  }

  static var separation: Schema {
    .object([
      .always("id", .identifier), .always("name", name), .always("kind", kind), .always("roles", .array(of: name)),
      .always("created_at", .time),
    ])
  }

  static var newSeparation: Schema {
    .input([.always("name", name), .always("kind", kind), .always("roles", .array(of: name, "2 to 50."))])
  }

  private static let kind = Schema.string(
    "static: nobody may hold two of them; dynamic: no session may have two of them active.", oneOf: ["static", "dynamic"])
}
