internal import HTTP
internal import Identity
internal import JSON
internal import Persistence
internal import Primitives

/// `/admin/v1/users/{id}/roles` and `/admin/v1/apps/{id}/roles`: which roles somebody holds, until when and where. Whoever changes
/// that may change roles too: otherwise who may change users could make themselves anything.
struct AssignmentResource: Sendable {
  let roles: Roles
  let accounts: Accounts
  let applications: Applications
  /// Whose roles these are.
  let kind: Kind

  enum Kind: String {
    case user
    case application
  }

  func list(_ call: Call) async throws -> Response { try await answer(try await holder(call)) }

  /// Granting a role again replaces its terms. Answers all that the holder has afterwards.
  func grant(_ call: Call) async throws -> Response {
    let holder = try await changeable(call)
    let body = try JSONObjectReader(call.request.body)
    return try await grant(.named(try body.string("role")), body, to: holder, call)
  }

  /// The same for the role that the path names.
  func put(_ call: Call) async throws -> Response {
    let holder = try await changeable(call)
    return try await grant(try role(call), try JSONObjectReader(call.request.body), to: holder, call)
  }

  private func grant(_ role: RoleReference, _ body: JSONObjectReader, to holder: RoleHolder, _ call: Call) async throws -> Response {
    let terms = Assignment.Terms(
      expiresAt: try instant(body, "expires_at"), application: try application(body), audience: try body.stringIfPresent("audience"))
    try body.finish()
    let outcome = try await roles.grant(role, to: holder, terms, by: call.provenance)
    if outcome == .unknownRole, call.request.parameters.count > 1 { throw Problem.unknown(RoleResource.noun) }
    try outcome.check(kind.rawValue)
    return try await answer(holder)
  }

  func revoke(_ call: Call) async throws -> Response {
    let holder = try await changeable(call)
    let outcome = try await roles.revoke(try role(call), from: holder, by: call.provenance)
    guard outcome != .unchanged, outcome != .unknownRole else {
      throw Problem(.notFound, "The \(kind.rawValue) does not hold this role.")
    }
    try outcome.check(kind.rawValue)
    return .empty(.noContent)
  }

  private func answer(_ holder: RoleHolder) async throws -> Response {
    .page(Page(whole: try await roles.assignments(of: holder))) { json, assignment in json.assignment(assignment) }
  }

  /// By its name or identifier.
  private func role(_ call: Call) throws -> RoleReference {
    guard call.request.parameters.count > 1 else { throw Problem.unknown(RoleResource.noun) }
    let text = call.request.parameters[1]
    return Role.ID(text).map { .id($0) } ?? .named(text)
  }

  private func changeable(_ call: Call) async throws -> RoleHolder {
    let holder = try await holder(call)
    guard call.allows(.rolesWrite) else {
      throw Problem(
        .insufficientPermission, "To change who holds a role needs the permission \(OwnPermission.rolesWrite.rawValue) as well.")
    }
    return holder
  }

  private func holder(_ call: Call) async throws -> RoleHolder {
    switch kind {
    case .user:
      let id: Account.ID = try call.identifier(kind.rawValue)
      guard try await accounts.account(id) != nil else { throw Problem.unknown(kind.rawValue) }
      return .account(id)
    case .application:
      let id: Application.ID = try call.identifier(kind.rawValue)
      guard try await applications.application(id) != nil else { throw Problem.unknown(kind.rawValue) }
      return .application(id)
    }
  }

  private func application(_ body: JSONObjectReader) throws -> Application.ID? {
    guard let text = try body.stringIfPresent("application") else { return nil }
    guard let id = Application.ID(text) else { throw body.wrong("application", "expected an application's identifier") }
    return id
  }

  private func instant(_ body: JSONObjectReader, _ name: String) throws -> Instant? {
    guard let text = try body.stringIfPresent(name) else { return nil }
    guard let instant = Instant(rfc3339: text) else { throw body.wrong(name, "expected a time such as 2027-01-31T00:00:00Z") }
    return instant
  }
}

extension JSONWriter {
  fileprivate mutating func assignment(_ assignment: Assignment) {
    object { json in
      json.member("role", assignment.roleName)
      json.member("role_id", "\(assignment.role)")
      json.member("granted_at", assignment.grantedAt.rfc3339())
      json.member("expires_at", ifPresent: assignment.terms.expiresAt?.rfc3339())
      json.member("application", ifPresent: assignment.terms.application.map { "\($0)" })
      json.member("audience", ifPresent: assignment.terms.audience)
    }
  }
}
