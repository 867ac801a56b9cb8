internal import Defense
internal import HTTP
internal import Identity
internal import JSON
internal import Primitives
internal import WebAuthn

/// The answer to a call of a sign-in, for each of its outcomes.
struct SignInAnswer {
  private let outcome: SignInOutcome
  private let requestID: String

  init(_ outcome: SignInOutcome, requestID: String) {
    self.outcome = outcome
    self.requestID = requestID
  }

  func response() throws -> Response {
    switch outcome {
    case .signedIn(let signedIn): return Self.success(signedIn, requestID)
    default: return refusal.response(requestID: requestID)
    }
  }

  private var refusal: Problem {
    switch outcome {
    case .signedIn, .refused:
      // One text for unknown user, wrong password, disabled user and wrong code: the same bytes in every case.
      Problem(.invalidCredentials, "Username, password or code is wrong.")
    case .secondFactorRequired(let challenge, let methods, let passkey, let lifetime):
      Self.secondFactor(challenge, methods, passkey, lifetime)
    case .enrollmentRequired:
      Problem(
        .mfaEnrollmentRequired,
        "The password is right, but no second factor is enrolled. Go on with your invitation, or ask the operator for one.")
    case .locked(let retry): Self.locked(retry)
    case .paced(let retry): Self.paced(retry)
    case .invalidChallenge:
      Problem(.invalidChallenge, "The challenge is unknown, used or expired, or belongs to another application. Sign in again.")
    case .wrongAnswer(let left): Self.wrongAnswer(left)
    case .factorUnavailable: Problem(.factorUnavailable, "The user has no factor of this method; the challenge's 'methods' lists them.")
    case .roleNotAssigned(let index): Self.invalidRole("/roles/\(index)", "this role is not assigned to the user")
    case .separationOfDuty(let roles):
      Problem(
        .separationOfDuty,
        "These roles may not be active together, in one session or through what they inherit: \(roles.joined(separator: ", ")).",
        errors: [(pointer: "/roles", detail: "name fewer of them")])
    case .rolesDoNotFit: Self.invalidRole("/roles", "these are more roles than fit into a token; name fewer")
    }
  }

  private static func secondFactor(
    _ challenge: String, _ methods: [FactorMethod], _ passkey: RequestOptions?, _ lifetime: Duration
  ) -> Problem {
    Problem(.mfaRequired, "The password is right; send a second factor with this challenge to POST /auth/mfa.") { json in
      json.member("challenge", challenge)
      json.member("methods", methods.map(\.rawValue))
      json.member("expires_in", lifetime.inSeconds)
      if let passkey { json.member("webauthn") { json in passkey.write(to: &json) } }
    }
  }

  static func locked(_ retry: Duration) -> Problem {
    Problem(
      .tooManyAttempts,
      "Too many wrong attempts in a row. The operator can unlock it: credentialflow user unlock NAME; a recovery sets a new password.",
      headers: [retryAfter(retry)])
  }

  static func paced(_ wait: PasswordPace.Wait) -> Problem {
    Problem(
      .rateLimited, "Too many sign-ins for this username; try again in \(wait.seconds) s.",
      headers: [retryAfter(.seconds(wait.seconds))]
        + RateLimitFields.headers(PaceDimension.account.policy(.strict), wait.pace, wait.standing))
  }

  static func wrongAnswer(_ left: Int) -> Problem {
    let next =
      left > 0
      ? "\(left) more \(left == 1 ? "try is" : "tries are") left for this challenge." : "The challenge is used up; sign in again."
    return Problem(.invalidChallengeResponse, "The answer is wrong. " + next) { $0.member("attempts_left", left) }
  }

  private static func invalidRole(_ pointer: String, _ detail: String) -> Problem {
    Problem(.invalidRequest, "The member \(pointer) is not as it must be: \(detail).", errors: [(pointer: pointer, detail: detail)])
  }

  static func success(_ signedIn: SignedIn, _ requestID: String) -> Response {
    let session = signedIn.session
    return .json(.ok) { json in
      json.object { json in
        json.member("access_token", signedIn.accessToken)
        json.member("token_type", "Bearer")
        json.member("expires_in", signedIn.accessLifetime.inSeconds)
        json.member("refresh_token", signedIn.refreshToken)
        json.member("refresh_expires_in", signedIn.refreshLifetime.inSeconds)
        json.member("session_id", "\(session.id)")
        json.member("device_token", ifPresent: signedIn.deviceToken)
        json.member("user") { json in
          json.object { json in
            json.member("id", "\(session.account)")
            json.member("username", signedIn.username.text)
          }
        }
        json.member("roles", signedIn.active.roles)
        if !signedIn.active.inactive.isEmpty { json.member("roles_inactive", signedIn.active.inactive) }
        json.member("permissions", signedIn.active.permissions)
        json.member("amr", session.amr)
        json.member("acr", session.acr)
        json.member("request_id", requestID)
      }
    }
  }
}
