internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// `POST /auth/register`: asks for an account. The answer is the same whether the address has one.
struct RegistrationEndpoint: Endpoint {
  let registration: Registration

  func respond(to call: Call) async throws -> Response {
    let body = try JSONObjectReader(call.request.body)
    let email = try body.string("email")
    try body.finish()
    var withheld: String?
    switch try await registration.start(email, SignInContext(call)) {
    case .accepted(let reason): withheld = reason
    case .disabled: throw Problem(.forbidden, "This server takes no registrations; ask the operator for an invitation.")
    case .invalidAddress: throw body.wrong("email", "expected an address such as alice@example.com")
    case .foreignDomain: throw body.wrong("email", "this server takes registrations of some domains only; ask the operator of which")
    }
    var response = Response.json(.accepted) { json in
      json.object { json in
        json.member("expires_in", Invitation.lifetime.inSeconds)
        json.member("request_id", call.request.id)
      }
    }
    response.reason = withheld.map { "no mail: \($0)" }
    return response
  }
}
