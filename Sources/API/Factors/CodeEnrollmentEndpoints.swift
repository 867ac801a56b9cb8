internal import Delivery
internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// `POST /auth/factors/email` and `/sms`: an address or a number that codes are to go to; a first one is on its way.
struct CodeEnrollmentEndpoint: Endpoint {
  let enrollments: Enrollments
  let channel: OutboxChannel

  private struct Input {
    let recipient: Recipient
    let name: String
    let proof: String?

    init(_ bytes: [UInt8], _ channel: OutboxChannel) throws {
      let body = try JSONObjectReader(bytes)
      switch channel {
      case .mail:
        guard let address = MailAddress(try body.string("address")) else {
          throw body.wrong("address", "expected a mail address such as ann@example.com, in ASCII")
        }
        recipient = .mail(address)
      case .sms:
        guard let number = PhoneNumber(try body.string("number")) else {
          throw body.wrong("number", "expected a telephone number with its country, such as +491701234567")
        }
        recipient = .sms(number)
      }
      name = try body.factorName()
      proof = try body.stringIfPresent("proof")
      try body.finish()
    }
  }

  func respond(to call: Call) async throws -> Response {
    let input = try Input(call.request.body, channel)
    let authority = try call.enrollmentAuthority(proof: input.proof)
    switch try await enrollments.beginCode(to: input.recipient, name: input.name, by: authority, SignInContext(call)) {
    case .asked(let outcome):
      return try EnrollmentAnswer.begun(outcome, call, lifetime: CodeSending.lifetime) { json, sent in json.member("sent_to", sent.address)
      }
    case .unavailable:
      throw Problem(.factorUnavailable, "This server does not send codes by \(channel == .mail ? "mail" : "SMS").")
    case .countryNotAllowed: throw JSONError(pointer: "/number", detail: "this server sends no SMS to that country")
    case .present: throw Problem(.conflict, "The user has this address as a factor already.")
    }
  }
}

/// `POST /auth/factors/email/{id}/confirm` and `/sms/{id}/confirm`: the code shows that messages arrive there.
struct CodeConfirmationEndpoint: Endpoint {
  let enrollments: Enrollments
  let method: FactorMethod

  func respond(to call: Call) async throws -> Response {
    let code = try TOTPConfirmationEndpoint.code(call.request.body)
    let outcome = try await enrollments.confirmCode(
      try call.identifier("factor"), method, code: code, by: call.enrollmentAuthority(), SignInContext(call))
    return try EnrollmentAnswer.confirmed(outcome, call)
  }
}
