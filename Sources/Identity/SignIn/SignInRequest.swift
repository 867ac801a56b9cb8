package import Cryptography
package import Journal
package import Primitives
package import WebAuthn

/// The first call of a sign-in.
package struct SignInRequest: Sendable {
  /// As typed; what could not be a username is nobody's.
  package let username: String
  package let password: Secret
  /// Present in the one-call form.
  package let answer: FactorAnswer?
  package let context: SignInContext
  package let session: RequestedSession

  package init(username: String, password: Secret, answer: FactorAnswer?, context: SignInContext, session: RequestedSession) {
    self.username = username
    self.password = password
    self.answer = answer
    self.context = context
    self.session = session
  }
}

/// What a caller wants its session to be, however it signs in.
package struct RequestedSession: Sendable {
  /// Activate only these; `nil` for all that are assigned.
  let roles: [String]?
  let audience: String
  let deviceToken: OpaqueCredential?
  let deviceName: String

  package init(audience: String, roles: [String]? = nil, deviceToken: OpaqueCredential? = nil, deviceName: String = "") {
    self.roles = roles
    self.audience = audience
    self.deviceToken = deviceToken
    self.deviceName = deviceName
  }
}

/// The second call: the factor, for a challenge.
package struct ChallengeAnswer: Sendable {
  package let challenge: OpaqueCredential
  package let answer: FactorAnswer
  package let context: SignInContext

  package init(challenge: OpaqueCredential, answer: FactorAnswer, context: SignInContext) {
    self.challenge = challenge
    self.answer = answer
    self.context = context
  }
}

/// From where a sign-in comes.
package struct SignInContext: Sendable {
  /// The calling application; `nil` where none is required.
  package let application: Application?
  package let provenance: Provenance
  package let userAgent: String

  package init(application: Application?, provenance: Provenance, userAgent: String) {
    self.application = application
    self.provenance = provenance
    self.userAgent = userAgent
  }

  /// Whether the calling application may have tokens for `audience`: those for the server itself, and those that it was allowed.
  package func mayHave(_ audience: String, issuer: String) -> Bool {
    audience == issuer || application?.audiences.contains(audience) == true
  }
}

/// How a call of a sign-in ended.
package enum SignInOutcome: Sendable {
  case signedIn(SignedIn)
  /// `passkey` where one is enrolled.
  case secondFactorRequired(challenge: String, methods: [FactorMethod], passkey: RequestOptions?, lifetime: Duration)
  /// Right password, no second factor yet.
  case enrollmentRequired
  /// Unknown or disabled user, wrong password, or wrong code in the one-call form.
  case refused
  /// Too many failures in a row.
  case locked(retryAfter: Duration)
  /// Too many sign-ins for one username, whoever asked; nothing was checked.
  case paced(PasswordPace.Wait)
  /// Unknown, used, expired, or another application's.
  case invalidChallenge
  /// A wrong answer to a live challenge.
  case wrongAnswer(attemptsLeft: Int)
  /// The account has no factor of this kind.
  case factorUnavailable
  /// Both factors were right, but this role is not the user's. Nothing was consumed.
  case roleNotAssigned(index: Int)
  /// Both factors were right, but these of the roles that were asked for may not be active in one session. Nothing was consumed.
  case separationOfDuty(roles: [String])
  /// Both factors were right, but the names of all active roles do not fit into a token. Nothing was consumed.
  case rolesDoNotFit
}

/// Everything that a completed sign-in, or a refresh, gives back.
package struct SignedIn: Sendable {
  package let accessToken: String
  package let accessLifetime: Duration
  package let refreshToken: String
  package let refreshLifetime: Duration
  /// `nil` for a refresh, which knows the device already.
  package let deviceToken: String?
  package let session: Session
  package let username: Username
  package let active: ActiveRoles
}
