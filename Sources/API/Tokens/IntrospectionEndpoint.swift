internal import HTTP
internal import Identity
internal import JSON
internal import OAuth
internal import Primitives

/// `POST /oauth/introspect` (RFC 7662). Whatever is not good, or none of the caller's business, is `{"active":false}` and nothing
/// more. `token_type_hint` changes nothing: a token shows what it is.
struct IntrospectionEndpoint: Endpoint {
  let caller: TokenCaller
  let introspection: Introspection

  func respond(to call: Call) async throws -> Response {
    do {
      let form = try FormParameters(of: call.request)
      let (application, narrowed) = try await caller.application(call, form)
      guard let token = form["token"] else { throw OAuthError(.invalidRequest, "token is missing") }
      guard let finding = try await introspection.finding(token, for: application, narrowed) else {
        return .json(.ok) { json in json.object { $0.member("active", false) } }
      }
      return .json(.ok) { json in json.object { write(finding, &$0) } }
    } catch let error as OAuthError {
      return error.response
    }
  }

  private func write(_ finding: Introspection.Finding, _ json: inout JSONWriter) {
    let standing = finding.standing
    json.member("active", true)
    json.member("token_type", finding.kind == .access ? "Bearer" : "refresh_token")
    json.member("token_use", finding.kind == .access ? "access" : "refresh")
    json.member("iss", finding.issuer)
    json.member("sub", standing.subject)
    if finding.audience.count == 1 { json.member("aud", finding.audience[0]) } else { json.member("aud", finding.audience) }
    json.member("exp", finding.expiresAt.unixSeconds)
    json.member("iat", finding.issuedAt.unixSeconds)
    json.member("nbf", finding.issuedAt.unixSeconds)
    json.member("jti", finding.tokenID)
    json.member("client_id", finding.clientID)
    json.member("roles", standing.active.roles)
    json.member("permissions", standing.active.permissions)
    json.member("scope", standing.active.permissions.joined(separator: " "))
    guard let session = standing.session else { return }
    json.member("username", standing.username)
    json.member("sid", "\(session.id)")
    json.member("auth_time", session.authenticatedAt.unixSeconds)
    json.member("amr", session.amr)
    json.member("acr", session.acr)
  }
}
