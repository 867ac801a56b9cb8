internal import Cryptography
internal import HTTP
package import Identity
package import JSON
internal import Persistence
internal import Primitives

/// `/admin/v1/keys`: the keys that sign tokens.
struct SigningKeyResource: Sendable {
  let rotation: KeyRotation

  private static let noun = "signing key in use"

  func list(_ call: Call) async throws -> Response { try await answer() }

  /// Answers the keys as they are afterwards.
  func rotate(_ call: Call) async throws -> Response {
    let body = try JSONObjectReader(call.request.body)
    let isImmediate = try body.booleanIfPresent("now") ?? false
    var algorithms = SigningAlgorithm.allCases
    if let name = try body.stringIfPresent("algorithm") {
      guard let algorithm = SigningAlgorithm(rawValue: name) else {
        throw body.wrong("algorithm", "expected one of \(SigningAlgorithm.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      algorithms = [algorithm]
    }
    try body.finish()
    guard try await rotation.rotate(algorithms, isImmediate: isImmediate, by: call.provenance) != .tooMany else {
      throw Problem(.conflict, "Too many keys are still retiring; wait until fewer are listed.")
    }
    return try await answer()
  }

  func revoke(_ call: Call) async throws -> Response {
    guard let kid = call.request.parameters.first, try await rotation.revoke(kid, by: call.provenance) == .done else {
      throw Problem.unknown(Self.noun)
    }
    return .empty(.noContent)
  }

  private func answer() async throws -> Response {
    let life = SigningKeyLife(try await rotation.keys.list(), rotation.keys.schedule)
    return .page(Page(whole: life.records)) { json, record in json.signingKey(record, of: life) }
  }
}

extension JSONWriter {
  /// As the operator sees it: here and in `key list --json`. Never the private half.
  package mutating func signingKey(_ record: SigningKeyRecord, of life: SigningKeyLife) {
    let next = life.next(of: record)
    object { json in
      json.member("kid", record.kid)
      json.member("algorithm", record.algorithm.rawValue)
      json.member("state", record.stage.rawValue)
      json.member("created_at", record.createdAt.rfc3339())
      json.member("activated_at", ifPresent: record.activatedAt?.rfc3339())
      json.member("next_state", ifPresent: next?.stage.rawValue)
      json.member("next_at", ifPresent: next?.at.rfc3339())
    }
  }
}
