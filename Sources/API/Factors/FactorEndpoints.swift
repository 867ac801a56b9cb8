internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// `GET /auth/factors`: what the user can answer with.
struct FactorsEndpoint: Endpoint {
  let factors: OwnFactors

  func respond(to call: Call) async throws -> Response {
    let listed = try await factors.list(of: try call.live().account.id)
    return .json(.ok) { json in
      json.object { json in
        json.member("factors") { json in json.array(listed) { json, listed in Self.write(listed, to: &json) } }
        json.member("request_id", call.request.id)
      }
    }
  }

  private static func write(_ listed: OwnFactors.Listed, to json: inout JSONWriter) {
    let factor = listed.factor
    json.object { json in
      json.member("id", "\(factor.id)")
      json.member("method", factor.method.rawValue)
      json.member("name", factor.name)
      json.member("created_at", factor.createdAt.rfc3339())
      json.member("confirmed", factor.isConfirmed)
      json.member("last_used_at", ifPresent: factor.lastUsedAt?.rfc3339())
      json.member("address", ifPresent: listed.address)
      if let remaining = listed.remaining { json.member("remaining", remaining) }
    }
  }
}

/// `DELETE /auth/factors/{id}`: takes one away; the last one stays.
struct FactorEndEndpoint: Endpoint {
  let factors: OwnFactors

  func respond(to call: Call) async throws -> Response {
    let live = try call.live()
    switch try await factors.remove(
      call.identifier("factor"), proof: call.stepUpProof(), live, by: call.provenance)
    {
    case .removed: return .empty(.noContent)
    case .unproven: throw Call.unproven()
    case .unknown: throw Problem.unknown("factor")
    case .last:
      throw Problem(.conflict, "This is the user's last factor, which stays: enrol another first. Recovery codes do not count.")
    }
  }
}

/// `POST /auth/factors/recovery-codes`: ten new codes; the old ones are dead.
struct RecoveryCodesEndpoint: Endpoint {
  let factors: OwnFactors

  func respond(to call: Call) async throws -> Response {
    let live = try call.live()
    var member: String?
    if !call.request.body.isEmpty {
      let body = try JSONObjectReader(call.request.body)
      member = try body.stringIfPresent("proof")
      try body.finish()
    }
    guard
      let codes = try await factors.renewRecoveryCodes(
        proof: call.stepUpProof(member: member), live, by: call.provenance)
    else { throw Call.unproven() }
    return .json(.ok) { json in
      json.object { json in
        json.member("recovery_codes", codes)
        json.member("request_id", call.request.id)
      }
    }
  }
}
