internal import HTTP
package import Identity
package import JSON
internal import Persistence
internal import Primitives

/// `/admin/v1/roles`: roles, their permissions, and what they inherit.
struct RoleResource: Sendable {
  let roles: Roles

  static let noun = "role"
  private static let immutable = ["id", "name", "built_in", "version"]

  func list(_ call: Call) async throws -> Response {
    let request = try PageRequest(call.request)
    let position = try request.position(from: "") { Role.isName($0) ? $0 : nil }
    return .page(try await roles.page(after: position, limit: request.limit)) { json, role in json.role(role) }
  }

  func get(_ call: Call) async throws -> Response { try await answer(.id(try call.identifier(Self.noun))) }

  func create(_ call: Call) async throws -> Response {
    let body = try JSONObjectReader(call.request.body)
    let name = try body.string("name")
    let description = try body.stringIfPresent("description") ?? ""
    let permissions = try body.stringsIfPresent("permissions").map { try Self.permissions($0) } ?? []
    let inherits = try body.stringsIfPresent("inherits") ?? []
    try body.finish()
    try await roles.add(name, description: description, permissions: permissions, inherits: inherits, by: call.provenance)
      .check(Self.noun)
    guard let role = try await roles.role(.named(name)) else { throw Problem.unknown(Self.noun) }
    var response = answer(role, .created)
    response.setHeader("Location", "/admin/v1/roles/\(role.id)")
    return response
  }

  func change(_ call: Call) async throws -> Response {
    let id: Role.ID = try call.identifier(Self.noun)
    let condition = try Precondition.required(call.request)
    let patch = try MergePatch(call.request.body, immutable: Self.immutable)
    let change = Roles.Change(
      description: try patch.string("description"), permissions: try patch.strings("permissions").map { try Self.permissions($0) },
      inherits: try patch.strings("inherits"))
    try patch.finish()
    try await roles.change(.id(id), change, if: condition, by: call.provenance).check(Self.noun)
    return try await answer(.id(id))
  }

  func delete(_ call: Call) async throws -> Response {
    let id: Role.ID = try call.identifier(Self.noun)
    try await roles.delete(.id(id), if: Precondition.optional(call.request), by: call.provenance).check(Self.noun)
    return .empty(.noContent)
  }

  private static func permissions(_ texts: [String]) throws -> [Permission] {
    try texts.enumerated().map { index, text in
      guard let permission = Permission(text) else {
        throw JSONError(pointer: "/permissions/\(index)", detail: "expected resource:action, such as models/*:invoke")
      }
      return permission
    }
  }

  private func answer(_ reference: RoleReference) async throws -> Response {
    guard let role = try await roles.role(reference) else { throw Problem.unknown(Self.noun) }
    return answer(role, .ok)
  }

  private func answer(_ role: Role, _ status: Status) -> Response {
    .json(status, headers: [Precondition.etag(role.version)]) { $0.role(role) }
  }
}

extension RoleOutcome {
  /// Throws the problem where nothing was done. `noun` is what the path names.
  func check(_ noun: String) throws {
    switch self {
    case .done, .unchanged: return
    case .unknownRole where noun != RoleResource.noun:
      throw JSONError(pointer: "/role", detail: "there is no such role")
    case .unknownRole, .unknownHolder, .unknownSeparation: throw Problem.unknown(noun)
    case .unknownOther(let name):
      let pointer = noun == RoleResource.noun ? "/inherits" : "/roles"
      throw JSONError(pointer: pointer, detail: "there is no role '\(name)'; nothing was changed")
    case .unknownApplication: throw JSONError(pointer: "/application", detail: "there is no application of this identifier")
    case .nameTaken: throw Problem.conflict("/name", "there is a \(noun) of this name already")
    case .invalidName:
      throw JSONError(pointer: "/name", detail: "expected 1 to 64 letters, digits and . _ -, beginning with a letter or digit")
    case .invalidDescription: throw JSONError(pointer: "/description", detail: "expected at most \(RoleLimits.description) bytes")
    case .endIsOver: throw JSONError(pointer: "/expires_at", detail: "expected a time that lies ahead")
    case .invalidTerms:
      throw JSONError(
        pointer: "", detail: "audience has to be one, and an application's own roles are held to no application")
    case .builtin: throw Problem(.conflict, "A built-in role cannot be changed or deleted.")
    case .outdated: throw Precondition.outdated
    case .cycle: throw Problem.conflict("/inherits", "the role would inherit itself")
    case .tooDeep: throw Problem.conflict("/inherits", "roles may inherit \(RoleLimits.depth) levels deep")
    case .wrongCount:
      let (least, most) = (RoleLimits.separated.lowerBound, RoleLimits.separated.upperBound)
      throw JSONError(pointer: "/roles", detail: "expected \(least) to \(most) roles")
    case .tooMany(let bound): throw Problem(.conflict, "There is a bound of \(bound).")
    case .separationOfDuty(let name), .separationHeld(let name, _):
      throw Problem(.separationOfDuty, "The separation '\(name)' keeps these roles apart; nothing was changed.")
    case .lastAdministrator: throw Problem.lastAdministrator
    }
  }
}

extension JSONWriter {
  /// Also what `role list --json` prints.
  package mutating func role(_ role: Role) {
    object { json in
      json.member("id", "\(role.id)")
      json.member("name", role.name)
      json.member("description", role.description)
      json.member("built_in", role.isBuiltin)
      json.member("permissions", role.permissions.map(\.text))
      json.member("inherits", role.inherits)
      json.member("version", role.version)
    }
  }
}
