internal import Cryptography
internal import HTTP
package import Identity
package import JSON
internal import Persistence
internal import Primitives
internal import Tokens

/// `/admin/v1/apps`: applications, and their keys.
struct ApplicationResource: Sendable {
  let applications: Applications
  let keys: APIKeys
  let roles: Roles
  let now: Now

  static let noun = "application"
  private static let immutable = ["id", "name", "client_id", "created_at", "version"]

  func list(_ call: Call) async throws -> Response {
    let request = try PageRequest(call.request)
    let position = try request.position(from: "") { Application.isName($0) ? $0 : nil }
    return .page(try await applications.page(after: position, limit: request.limit)) { json, application in json.application(application) }
  }

  func get(_ call: Call) async throws -> Response {
    guard let application = try await applications.application(try call.identifier(Self.noun)) else { throw Problem.unknown(Self.noun) }
    return answer(application)
  }

  /// Answers secret and key once, as `app add --json` prints them.
  func create(_ call: Call) async throws -> Response {
    let body = try JSONObjectReader(call.request.body)
    let name = try body.string("name")
    let audiences = try body.stringsIfPresent("audiences") ?? []
    try body.finish()
    switch try await applications.add(name, audiences: audiences, by: call.provenance) {
    case .added(let enrolment):
      let application = enrolment.application
      let headers = [Precondition.etag(application.version), ("Location", "/admin/v1/apps/\(application.id)")]
      return .json(.created, headers: headers) { $0.enrolment(enrolment) }
    case .nameTaken: throw Problem.conflict("/name", "there is an application of this name already")
    case .invalidName: throw body.wrong("name", "expected 1 to 64 letters, digits and . _ -, beginning with a letter or digit")
    case .invalidAudience(let audience):
      throw body.wrong("audiences", "'\(audience)' cannot be an audience: expected 1 to 200 visible characters")
    }
  }

  func change(_ call: Call) async throws -> Response {
    let id: Application.ID = try call.identifier(Self.noun)
    let condition = try Precondition.required(call.request)
    let patch = try MergePatch(call.request.body, immutable: Self.immutable)
    let change = Applications.Change(
      isEnabled: try patch.boolean("enabled"), algorithm: try patch.choice("algorithm"), tokenType: try patch.choice("token_type"),
      audiences: try patch.strings("audiences"))
    if let wrong = change.audiences?.first(where: { !Identity.Application.isAudience($0) }) {
      throw patch.wrong("audiences", "'\(wrong)' cannot be an audience: expected 1 to 200 visible characters")
    }
    try patch.finish()
    return answer(try await applications.change(id, change, if: condition, by: call.provenance).subject(Self.noun))
  }

  func delete(_ call: Call) async throws -> Response {
    let condition = Precondition.optional(call.request)
    _ = try await applications.delete(try call.identifier(Self.noun), if: condition, by: call.provenance).subject(Self.noun)
    return .empty(.noContent)
  }

  private func answer(_ application: Application) -> Response {
    .json(.ok, headers: [Precondition.etag(application.version)]) { $0.application(application) }
  }
}

/// `/admin/v1/apps/{id}/keys`.
extension ApplicationResource {
  private static let lifetimes = Int64(60)...Int64(10 * 365 * 86_400)

  func listKeys(_ call: Call) async throws -> Response {
    guard let list = try await keys.list(of: try call.identifier(Self.noun)) else { throw Problem.unknown(Self.noun) }
    let at = now()
    return .page(.init(whole: list)) { json, key in json.key(key, at: at) }
  }

  func addKey(_ call: Call) async throws -> Response {
    let id: Application.ID = try call.identifier(Self.noun)
    let body = try JSONObjectReader(call.request.body)
    let seconds = try body.integerIfPresent("expires_in")
    guard seconds.map(Self.lifetimes.contains) ?? true else {
      throw body.wrong("expires_in", "expected seconds, from one minute to ten years; leave it out for a key that does not end")
    }
    try body.finish()
    try await allowKey(of: id, call)
    guard let key = try await keys.add(to: id, lifetime: seconds.map { .seconds($0) }, by: call.provenance) else {
      throw Problem.unknown(Self.noun)
    }
    return issued(key)
  }

  /// The old key ends at once.
  func rotateKey(_ call: Call) async throws -> Response {
    let old = try await key(call)
    try await allowKey(of: try call.identifier(Self.noun), call)
    guard let key = try await keys.rotate(old, by: call.provenance) else { throw Problem.unknown("live key") }
    return issued(key)
  }

  func revokeKey(_ call: Call) async throws -> Response {
    guard try await keys.revoke(try await key(call), by: call.provenance) else { throw Problem.unknown("live key") }
    return .empty(.noContent)
  }

  /// Who makes a key of an application can do what it may do: giving oneself its roles asks what giving roles asks.
  private func allowKey(of id: Application.ID, _ call: Call) async throws {
    guard try await roles.assignments(of: .application(id)).isEmpty || call.allows(.rolesWrite) else {
      throw Problem(
        .insufficientPermission,
        "This application holds roles; to make a key of it needs the permission \(OwnPermission.rolesWrite.rawValue) as well.")
    }
  }

  private func key(_ call: Call) async throws -> APIKey.ID {
    let application: Application.ID = try call.identifier(Self.noun)
    let id: APIKey.ID = try call.identifier("live key", at: 1)
    guard try await keys.isKey(id, of: application) else { throw Problem.unknown("live key") }
    return id
  }

  private func issued(_ key: Applications.IssuedKey) -> Response {
    .json(.created) { json in
      json.object { json in
        json.member("id", "\(key.id)")
        json.member("key", key.text)
      }
    }
  }
}

extension MergePatch {
  /// One of a fixed set of words.
  fileprivate func choice<Value: RawRepresentable & CaseIterable>(_ name: String) throws -> Value? where Value.RawValue == String {
    guard let text = try string(name) else { return nil }
    guard let value = Value(rawValue: text) else {
      throw wrong(name, "expected one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return value
  }
}

extension JSONWriter {
  fileprivate mutating func application(_ application: Application) {
    object { json in
      json.members(of: application)
      json.member("version", application.version)
    }
  }

  /// What `app list --json` prints of one, too; inside an object.
  package mutating func members(of application: Application) {
    member("id", "\(application.id)")
    member("name", application.name)
    member("client_id", application.clientID)
    member("enabled", application.isEnabled)
    member("algorithm", application.algorithm.rawValue)
    member("token_type", application.tokenType.rawValue)
    member("audiences", application.audiences)
    member("created_at", application.createdAt.rfc3339())
  }

  fileprivate mutating func key(_ key: APIKey, at instant: Instant) {
    object { json in
      json.member("id", "\(key.id)")
      json.member("live", key.isLive(at: instant))
      json.member("created_at", key.createdAt.rfc3339())
      json.member("expires_at", ifPresent: key.expiresAt?.rfc3339())
      json.member("revoked_at", ifPresent: key.revokedAt?.rfc3339())
    }
  }

  /// What is shown of a new application once: here and by `app add --json`.
  package mutating func enrolment(_ enrolment: Applications.Enrolment) {
    object { json in
      json.member("id", "\(enrolment.application.id)")
      json.member("name", enrolment.application.name)
      json.member("client_id", enrolment.application.clientID)
      json.member("client_secret", enrolment.clientSecret)
      json.member("api_key", enrolment.apiKey.text)
    }
  }
}
