internal import HTTP
internal import Identity
internal import Journal
internal import OAuth
internal import Primitives

/// `POST /oauth/revoke` (RFC 7009). A token of a user, access or refresh, ends its session; an application's own ends alone. What
/// is no token, or none any more, is 200 like the rest.
struct RevocationEndpoint: Endpoint {
  let caller: TokenCaller
  let revocation: TokenRevocation

  func respond(to call: Call) async throws -> Response {
    do {
      let form = try FormParameters(of: call.request)
      let (application, _) = try await caller.application(call, form)
      guard let token = form["token"] else { throw OAuthError(.invalidRequest, "token is missing") }
      let provenance = Provenance(actor: .application(application.clientID), of: call.request)
      switch try await revocation.revoke(token, of: application, by: provenance) {
      case .done: return .empty(.ok)
      case .foreign: throw OAuthError(.unauthorizedClient, "this token was issued to another application")
      case .full: throw OAuthError(.temporarilyUnavailable, "too many tokens of this application are revoked already")
      }
    } catch let error as OAuthError {
      return error.response
    }
  }
}
