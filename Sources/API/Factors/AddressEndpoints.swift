internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// `POST /auth/address`: a new email address or telephone number, under the present password, where there is one, and a proof. It
/// counts when its code has come back.
struct AddressEndpoint: Endpoint {
  let changes: AddressChanges

  struct Input {
    let body: JSONObjectReader
    let kind: AddressChanges.Kind
    let address: String
    let current: Secret?
    let proof: String?

    init(_ bytes: [UInt8]) throws {
      body = try JSONObjectReader(bytes)
      let (email, phone) = (try body.stringIfPresent("email"), try body.stringIfPresent("phone"))
      current = body.has("current") ? try body.password("current") : nil
      proof = try body.stringIfPresent("proof")
      try body.finish()
      guard (email == nil) != (phone == nil), let address = email ?? phone else {
        throw body.wrong("email", "expected this or 'phone', and not both")
      }
      (kind, self.address) = (email == nil ? .phone : .email, address)
    }
  }

  func respond(to call: Call) async throws -> Response {
    let input = try Input(call.request.body)
    let outcome = try await changes.start(
      input.kind, input.address, current: input.current, proof: call.stepUpProof(member: input.proof), try call.live(),
      by: call.provenance)
    return try answer(outcome, to: input, call)
  }

  private func answer(_ outcome: AddressChanges.StartOutcome, to input: Input, _ call: Call) throws -> Response {
    switch outcome {
    case .sent(let masked):
      return .json(.accepted) { json in
        json.object { json in
          json.member("sent_to", masked)
          json.member("expires_in", AddressChanges.lifetime.inSeconds)
          json.member("request_id", call.request.id)
        }
      }
    case .unproven: throw Call.unproven()
    case .passwordMissing: throw input.body.wrong("current", "expected the present password")
    case .passwordWrong: throw Problem(.invalidCredentials, "The present password is wrong.")
    case .locked(let retry): throw SignInAnswer.locked(retry)
    case .paced(let retry): throw SignInAnswer.paced(retry)
    case .invalidAddress:
      throw input.body.wrong(
        input.kind.rawValue, "expected \(input.kind == .email ? "an address such as alice@example.com" : "a number such as +491701234567")")
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
