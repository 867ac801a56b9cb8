internal import HTTP
internal import Identity
internal import JSON
internal import Persistence
internal import Primitives

/// `/admin/v1/separations`: roles of which at most one goes together.
struct SeparationResource: Sendable {
  let separations: Separations

  static let noun = "separation"

  func list(_ call: Call) async throws -> Response {
    let request = try PageRequest(call.request)
    let position = try request.position(from: "") { Role.isName($0) ? $0 : nil }
    return .page(try await separations.page(after: position, limit: request.limit)) { json, separation in json.separation(separation) }
  }

  func get(_ call: Call) async throws -> Response { try await answer(.id(try call.identifier(Self.noun)), .ok) }

  func create(_ call: Call) async throws -> Response {
    let body = try JSONObjectReader(call.request.body)
    let name = try body.string("name")
    guard let kind = Separation.Kind(rawValue: try body.string("kind")) else { throw body.wrong("kind", "expected static or dynamic") }
    let roles = try body.strings("roles")
    try body.finish()
    try await separations.add(name, kind, roles, by: call.provenance).check(Self.noun)
    return try await answer(.named(name), .created)
  }

  func delete(_ call: Call) async throws -> Response {
    try await separations.delete(.id(try call.identifier(Self.noun)), by: call.provenance).check(Self.noun)
    return .empty(.noContent)
  }

  private func answer(_ reference: SeparationReference, _ status: Status) async throws -> Response {
    guard let separation = try await separations.separation(reference) else { throw Problem.unknown(Self.noun) }
    let location = status == .created ? [("Location", "/admin/v1/separations/\(separation.id)")] : []
    return .json(status, headers: location) { $0.separation(separation) }
  }
}

extension JSONWriter {
  fileprivate mutating func separation(_ separation: Separation) {
    object { json in
      json.member("id", "\(separation.id)")
      json.member("name", separation.name)
      json.member("kind", separation.kind.rawValue)
      json.member("roles", separation.roles)
      json.member("created_at", separation.createdAt.rfc3339())
    }
  }
}
