internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// `POST /auth/address`: a new email address or telephone number, under a proof. It counts when its code has come back.
struct AddressEndpoint: Endpoint {
  let changes: AddressChanges

  func respond(to call: Call) async throws -> Response {
    let body = try JSONObjectReader(call.request.body)
    let (email, phone) = (try body.stringIfPresent("email"), try body.stringIfPresent("phone"))
    let proof = try body.stringIfPresent("proof")
    try body.finish()
    guard (email == nil) != (phone == nil), let address = email ?? phone else {
      throw body.wrong("email", "expected this or 'phone', and not both")
    }
    let kind = email == nil ? AddressChanges.Kind.phone : .email
    switch try await changes.start(kind, address, proof: call.stepUpProof(member: proof), try call.live(), by: call.provenance) {
    case .sent(let masked):
      return .json(.accepted) { json in
        json.object { json in
          json.member("sent_to", masked)
          json.member("expires_in", AddressChanges.lifetime.inSeconds)
          json.member("request_id", call.request.id)
        }
      }
    case .unproven: throw Call.unproven()
    case .invalidAddress:
      throw body.wrong(
        kind.rawValue, "expected \(kind == .email ? "an address such as alice@example.com" : "a number such as +491701234567")")
    case .unavailable:
      throw Problem(.unavailable, "Nothing can be sent there just now; nothing was changed.", headers: [retryAfter(.seconds(60))])
    }
  }
}

/// `POST /auth/address/confirm`: the code that was sent to the new address.
struct AddressConfirmationEndpoint: Endpoint {
  let changes: AddressChanges

  func respond(to call: Call) async throws -> Response {
    let body = try JSONObjectReader(call.request.body)
    let code = try body.secret("code")
    guard (1...100).contains(code.count) else { throw body.wrong("code", "expected 1 to 100 characters") }
    try body.finish()
    guard try await changes.finish(code, try call.live(), by: call.provenance) == .changed else {
      throw Problem(
        .invalidChallengeResponse,
        "No new address of this user waits for this code; after five wrong ones begin again at POST /auth/address.")
    }
    return .empty(.noContent)
  }
}
