private import JSON
private import Primitives

extension Claims {
  /// The claims as JSON; without permissions, and saying so, where they would take more than `limit` bytes. `nil` where even
  /// that is too long.
  func encoded(limit: Int) -> [UInt8]? {
    if !arePermissionsOmitted {
      let whole = json
      if whole.count <= limit { return whole }
    }
    var reduced = self
    reduced.permissions = []
    reduced.arePermissionsOmitted = true
    let rest = reduced.json
    return rest.count <= limit ? rest : nil
  }

  private var json: [UInt8] {
    var writer = JSONWriter(capacity: 512)
    writer.object { json in
      json.member("iss", issuer)
      json.member("sub", subject)
      if audience.count == 1 { json.member("aud", audience[0]) } else { json.member("aud", audience) }
      json.member("exp", expiresAt.unixSeconds)
      json.member("iat", issuedAt.unixSeconds)
      json.member("nbf", notBefore.unixSeconds)
      json.member("jti", tokenID)
      json.member("client_id", clientID)
      json.member("token_use", use.rawValue)
      if let session {
        json.member("sid", session.id)
        json.member("auth_time", session.authenticatedAt.unixSeconds)
        json.member("amr", session.methods)
        json.member("acr", session.level)
      }
      json.member("roles", roles)
      if arePermissionsOmitted {
        json.member("permissions_omitted", true)
      } else {
        json.member("permissions", permissions)
        json.member("scope", permissions.joined(separator: " "))
      }
    }
    return writer.bytes
  }
}
