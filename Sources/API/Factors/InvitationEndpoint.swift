internal import Cryptography
internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// `POST /auth/invitation/accept`: the invitation's code and a password, for an enrolment token.
struct InvitationEndpoint: Endpoint {
  let invitations: Invitations

  struct Input {
    /// `nil` where it is no credential of ours: the same as an unknown one.
    let code: OpaqueCredential?
    let password: Secret

    init(_ bytes: [UInt8]) throws {
      let body = try JSONObjectReader(bytes)
      code = OpaqueCredential(parsing: try body.string("code"), as: .invitation)
      password = try body.password("password")
      try body.finish()
    }
  }

  func respond(to call: Call) async throws -> Response {
    let input = try Input(call.request.body)
    var outcome = Invitations.AcceptOutcome.invalid
    if let code = input.code { outcome = try await invitations.accept(code, input.password, SignInContext(call)) }
    guard case .admitted(let token, let account) = outcome else { throw Self.refusal(outcome) }
    return .json(.ok) { json in
      json.object { json in
        json.member("enrollment_token", token)
        json.member("expires_in", Enrollee.lifetime.inSeconds)
        json.member("user") { json in
          json.object { json in
            json.member("id", "\(account.id)")
            json.member("username", account.username.text)
          }
        }
        json.member("request_id", call.request.id)
      }
    }
  }

  private static func refusal(_ outcome: Invitations.AcceptOutcome) -> Problem {
    switch outcome {
    case .invalid, .admitted:
      Problem(.invalidInvitation, "The invitation is unknown, used, replaced or over. Ask for another.")
    case .refused: Problem(.invalidCredentials, "The password is not the one that this account has.")
    case .locked(let retry): SignInAnswer.locked(retry)
    case .paced(let retry): SignInAnswer.paced(retry)
    case .weak(let flaws): .weakPassword(flaws, "/password")
    }
  }
}

extension JSONObjectReader {
  /// A password as it was typed, whatever the policy will say.
  func password(_ name: String) throws(JSONError) -> Secret {
    let password = try secret(name)
    guard (1...1_024).contains(password.count) else { throw wrong(name, "expected 1 to 256 characters") }
    return password
  }
}

extension Problem {
  /// 422 with everything that is wrong.
  static func weakPassword(_ flaws: [PasswordFlaw], _ pointer: String) -> Problem {
    Problem(
      .weakPassword, "The password is refused: \(flaws.sentence).", errors: flaws.map { (pointer: pointer, detail: $0.description) })
  }
}
