internal import Defense
internal import HTTP
internal import Server

/// Every URL of this server: who may call, how often, with what body, and what answers. Nothing about access or pace is said
/// anywhere else.
struct Routes {
  let endpoints: Endpoints
  let issuer: String
  /// Whether the public listener has `administration` too.
  let isAdministrationPublic: Bool
  let description = WrittenDescription()

  var table: [RouteRow] {
    [
      // Contract, section 1: signing in
      row(.post, "/auth", .signIn, .strict, .json, endpoints.auth),
      row(.post, "/auth/mfa", .signIn, .strict, .json, endpoints.secondFactor),
      row(.post, "/auth/passkey/options", .signIn, .strict, .emptyJSON, endpoints.passkeyOptions),
      row(.post, "/auth/passkey", .signIn, .strict, .json, endpoints.passkey),
      row(.post, "/auth/mfa/send", .signIn, .strict, .json, endpoints.sendCode),
      row(.post, "/auth/refresh", .signIn, .normal, .json, endpoints.refresh),
      row(.get, "/auth/me", .user, .relaxed, .none, endpoints.me),
      row(.post, "/auth/logout", .user, .normal, .emptyJSON, endpoints.logout),
      row(.get, "/auth/sessions", .user, .relaxed, .none, endpoints.sessions),
      row(.delete, "/auth/sessions", .user, .normal, .none, endpoints.endSessions),
      row(.delete, "/auth/sessions/{id}", .user, .normal, .none, endpoints.endSession),
      row(.post, "/auth/step-up", .user, .strict, .emptyJSON, endpoints.stepUp),
      row(.post, "/auth/step-up/send", .user, .strict, .json, endpoints.stepUpSend),
      row(.post, "/auth/step-up/finish", .user, .strict, .json, endpoints.stepUpFinish),
      row(.get, "/auth/keys", .user, .relaxed, .none, endpoints.userKeys),
      row(.post, "/auth/keys", .user, .normal, .json, endpoints.newUserKey),
      row(.delete, "/auth/keys/{id}", .user, .normal, .none, endpoints.endUserKey),

      // Contract, section 2: tokens
      row(.post, "/oauth/token", .clientOfForm, .strict, .form, endpoints.token),
      row(.post, "/oauth/introspect", .clientOfForm, .normal, .form, endpoints.introspection),
      row(.post, "/oauth/revoke", .clientOfForm, .normal, .form, endpoints.revocation),
      row(
        .get, "/oauth/revocations", .permission(.revocationsRead), .normal, .none, endpoints.revocationFeed,
        query: RevocationFeedEndpoint.parameters),
      row(.get, "/.well-known/jwks.json", .anyone, .relaxed, .none, endpoints.keySet, .allowed),
      row(.get, "/.well-known/oauth-authorization-server", .anyone, .relaxed, .none, endpoints.metadata, .allowed),

      // Contract, section 4: decisions (AuthZEN 1.0); what gateways ask stands below
      row(.post, "/access/v1/evaluation", .permission(.decisionsEvaluate), .unlimited, .json, endpoints.evaluation),
      row(.post, "/access/v1/evaluations", .permission(.decisionsEvaluate), .unlimited, .json, endpoints.evaluations),
    ] + credentials + descriptions
  }

  /// On every listener: what this server offers.
  var descriptions: [RouteRow] {
    [row(.get, "/openapi.json", .anyone, .relaxed, .none, DescriptionEndpoint(routes: self), .allowed)]
  }

  /// Answered on the loop, from memory.
  var probes: [ProbeRow] {
    [ProbeRow(path: "/healthz", access: .anyone, pace: .unlimited, answer: endpoints.health)]
  }

  /// What gateways ask, for any method; answered on the loop, from memory where it can be. The row says neither who may ask nor how
  /// often: that is `authz.gateways`, and pace is kept by credential.
  var decisions: [DecisionRow] {
    Dialect.allCases.flatMap { dialect in dialect.patterns.map { DecisionRow(path: $0, dialect: dialect) } }
  }

  /// On the listener for operations, together with `administration`.
  var operations: [RouteRow] {
    [row(.get, "/readyz", .anyone, .unlimited, .none, endpoints.readiness)] + descriptions
  }

  func row(
    _ method: Method, _ path: String, _ access: Access, _ pace: PaceClass, _ body: BodyRule, _ endpoint: any Endpoint,
    _ compression: Compression = .never, query: [String] = []
  ) -> RouteRow {
    RouteRow(
      method: method, path: path, access: access, pace: pace, body: body, endpoint: endpoint, compression: compression, query: query)
  }
}

/// One line of the table.
struct RouteRow: Sendable {
  let method: Method
  let path: String
  let access: Access
  let pace: PaceClass
  let body: BodyRule
  let endpoint: any Endpoint
  let compression: Compression
  /// Where the route asks for a permission: the parameters that its query may have.
  let query: [String]
}

/// A line whose answer needs nothing but the request and is given at once.
struct ProbeRow: Sendable {
  let path: String
  let access: Access
  let pace: PaceClass
  let answer: @Sendable (Request) -> Response
}

/// A line for gateways.
struct DecisionRow: Sendable {
  let path: String
  let dialect: Dialect
}

/// The endpoints of the table, made by `PublicAPI`.
struct Endpoints: Sendable {
  let auth: AuthEndpoint
  let secondFactor: SecondFactorEndpoint
  let passkeyOptions: PasskeyOptionsEndpoint
  let passkey: PasskeyEndpoint
  let refresh: RefreshEndpoint
  let logout: LogoutEndpoint
  let sessions: SessionsEndpoint
  let endSession: SessionEndEndpoint
  let endSessions: OtherSessionsEndEndpoint
  let stepUp: StepUpEndpoint
  let stepUpFinish: StepUpFinishEndpoint
  let sendCode: CodeSendEndpoint
  let stepUpSend: StepUpSendEndpoint
  let userKeys: UserKeysEndpoint
  let newUserKey: NewUserKeyEndpoint
  let endUserKey: UserKeyEndEndpoint
  let credentials: CredentialEndpoints
  let me: MeEndpoint
  let token: TokenEndpoint
  let introspection: IntrospectionEndpoint
  let revocation: RevocationEndpoint
  let revocationFeed: RevocationFeedEndpoint
  let keySet: KeySetEndpoint
  let metadata: ServerMetadataEndpoint
  let evaluation: EvaluationEndpoint
  let evaluations: EvaluationsEndpoint
  let health: @Sendable (Request) -> Response
  let readiness: ReadinessEndpoint
  let administration: Administration
}
