internal import Cryptography
internal import HTTP
internal import Identity
internal import JSON
internal import Journal
internal import OAuth
internal import Primitives

/// `POST /oauth/token` (RFC 6749, section 3.2).
struct TokenEndpoint: Endpoint {
  let clients: ClientAuthentication
  let clientCredentials: ClientCredentials
  let refreshing: Refreshing

  func respond(to call: Call) async throws -> Response {
    do {
      let form = try FormParameters(of: call.request)
      switch form["grant_type"] {
      case "client_credentials": return try await grant(form, call)
      case "refresh_token": return try await refresh(form, call)
      case nil: throw OAuthError(.invalidRequest, "grant_type is missing")
      default: throw OAuthError(.unsupportedGrantType, "this server knows the grant types client_credentials and refresh_token")
      }
    } catch let error as OAuthError {
      return error.response
    }
  }

  private func client(_ form: FormParameters, _ call: Call) async throws -> Application {
    guard let presented = try ClientSecret(call.request, form) else {
      throw OAuthError(.invalidClient, "authenticate with client_id and client_secret, by HTTP Basic or in the form")
    }
    return try await presented.application(clients, for: call)
  }

  /// RFC 6749, section 6. Every refusal is `invalid_grant`, theft included, as section 5.2 has it.
  private func refresh(_ form: FormParameters, _ call: Call) async throws -> Response {
    let application = try await client(form, call)
    guard let text = form["refresh_token"] else { throw OAuthError(.invalidRequest, "refresh_token is missing") }
    guard let token = OpaqueCredential(parsing: text, as: .refreshToken) else { throw Self.refusal(.unknown) }
    let provenance = Provenance(actor: .application(application.clientID), of: call.request)
    let outcome = try await refreshing.refresh(
      Refreshing.Request(
        token: token, context: SignInContext(application: application, provenance: provenance, userAgent: call.userAgent),
        scope: form["scope"].map { Set($0.split(separator: " ").map(String.init)) }))
    guard case .refreshed(let signedIn) = outcome else { throw Self.refusal(outcome) }
    return .json(.ok, headers: [("Pragma", "no-cache")]) { json in
      json.object { json in
        json.member("access_token", signedIn.accessToken)
        json.member("token_type", "Bearer")
        json.member("expires_in", signedIn.accessLifetime.inSeconds)
        json.member("refresh_token", signedIn.refreshToken)
        json.member("scope", signedIn.active.permissions.joined(separator: " "))
      }
    }
  }

  private static func refusal(_ outcome: Refreshing.Outcome) -> OAuthError {
    switch outcome {
    case .reused: OAuthError(.invalidGrant, "the refresh token was used before; the session has ended")
    case .over: OAuthError(.invalidGrant, "the session is over")
    case .ended: OAuthError(.invalidGrant, "the session has ended")
    case .scopeNotHeld: OAuthError(.invalidScope, "a session's scope is what its roles allow; leave scope out")
    case .rolesDoNotFit: OAuthError(.invalidScope, "the user holds more roles than fit into a token")
    case .unknown, .refreshed: OAuthError(.invalidGrant, "the refresh token is not one of a session that this client opened")
    }
  }

  private func grant(_ form: FormParameters, _ call: Call) async throws -> Response {
    let application = try await client(form, call)
    let grant = try await clientCredentials.grant(
      application, scope: form["scope"], target: form["resource"] ?? form["audience"])
    return .json(.ok, headers: [("Pragma", "no-cache")]) { json in
      json.object { json in
        json.member("access_token", grant.accessToken)
        json.member("token_type", "Bearer")
        json.member("expires_in", grant.expiresIn)
        json.member("scope", grant.scope)
      }
    }
  }
}
