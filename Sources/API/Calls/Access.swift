/// Who may call a route. There is no default: a route that does not say does not compile.
enum Access: Sendable {
  /// Anyone, without a credential.
  case anyone
  /// An application, by its access token or API key (contract, section 1); with `clients.required: false` anyone. The calls of
  /// a sign-in: they pass the added verification first, and their answers carry `X-Auth-Outcome`.
  case signIn
  /// A user, by the access token of a live session; after the added verification.
  case user
  /// As `user`; or, where it enrols a first factor, by the enrolment token that an accepted invitation gives.
  case enroller
  /// The endpoint authenticates the application itself, as RFC 6749, section 2.3 has it.
  case clientOfForm
  /// A user or an application, by an access token meant for this server, whose roles allow this now.
  case permission(OwnPermission)
}

/// What body a route takes.
enum BodyRule: Sendable {
  case none
  /// `application/json`, at most `limits.body` bytes.
  case json
  /// Nothing, or an object as `application/json`: for calls that need no words.
  case emptyJSON
  /// `application/x-www-form-urlencoded`, at most `limits.body` bytes.
  case form
  /// `application/merge-patch+json` (RFC 7396) or `application/json`, at most `limits.body` bytes.
  case mergePatch

  /// What is taken, the preferred one first; none where there is no body.
  var mediaTypes: [String] {
    switch self {
    case .none: []
    case .json, .emptyJSON: ["application/json"]
    case .form: ["application/x-www-form-urlencoded"]
    case .mergePatch: ["application/merge-patch+json", "application/json"]
    }
  }
}

/// Whether answers may be compressed. Where a secret stands beside something that a stranger chose, the length of the compressed
/// bytes tells of the secret (BREACH), so a row says what holds none.
enum Compression: Sendable {
  case never
  case allowed
}
