package import Defense
package import HTTP
package import Identity
package import Journal
package import OAuth
package import Persistence
package import Primitives
package import Server
package import Telemetry

/// The JSON API: turns use cases into routes for the listeners.
package struct PublicAPI: Sendable {
  let routes: Routes
  private let pipeline: Pipeline
  private let decisions: LoopLocal

  package struct Services: Sendable {
    package let database: any Database
    package let signIn: SignIn
    package let sessions: SessionServices
    package let credentials: CredentialServices
    package let accounts: Accounts
    package let roles: Roles
    package let separations: Separations
    package let applications: Applications
    package let apiKeys: APIKeys
    package let clients: ClientAuthentication
    package let bearers: BearerGate
    package let tokens: AccessTokens
    package let keys: KeyRotation
    package let clientCredentials: ClientCredentials
    package let revocations: RevocationServices
    package let standings: Gate
    package let rules: LiveRules
    package let limiter: PaceLimiter
    package let denials: DenialTally
    package let log: Log
    package let now: Now

    package init(
      database: any Database, signIn: SignIn, sessions: SessionServices, credentials: CredentialServices, accounts: Accounts,
      roles: Roles, separations: Separations,
      applications: Applications, apiKeys: APIKeys,
      clients: ClientAuthentication,
      bearers: BearerGate, tokens: AccessTokens, keys: KeyRotation, clientCredentials: ClientCredentials, revocations: RevocationServices,
      standings: Gate,
      rules: LiveRules,
      limiter: PaceLimiter, denials: DenialTally,
      log: Log, now: Now
    ) {
      self.database = database
      self.signIn = signIn
      self.sessions = sessions
      self.credentials = credentials
      self.accounts = accounts
      self.roles = roles
      self.separations = separations
      self.applications = applications
      self.apiKeys = apiKeys
      self.clients = clients
      self.bearers = bearers
      self.tokens = tokens
      self.keys = keys
      self.clientCredentials = clientCredentials
      self.revocations = revocations
      self.standings = standings
      self.rules = rules
      self.limiter = limiter
      self.denials = denials
      self.log = log
      self.now = now
    }
  }

  package struct Settings: Sendable {
    package let issuer: String
    package let clients: ClientSettings
    package let verification: VerificationSettings
    package let crossOrigin: CrossOriginSettings
    package let pace: PaceSettings
    package let administration: AdministrationSettings
    package let decisions: DecisionSettings
    /// Bytes of a request body.
    package let bodyLimit: Int

    package init(
      issuer: String, clients: ClientSettings, verification: VerificationSettings, crossOrigin: CrossOriginSettings,
      pace: PaceSettings, administration: AdministrationSettings, decisions: DecisionSettings, bodyLimit: Int
    ) {
      self.issuer = issuer
      self.clients = clients
      self.verification = verification
      self.crossOrigin = crossOrigin
      self.pace = pace
      self.administration = administration
      self.decisions = decisions
      self.bodyLimit = bodyLimit
    }
  }

  package init(_ services: Services, _ settings: Settings) {
    pipeline = Self.pipeline(services, settings)
    let asked = DecisionServices(
      rules: services.rules, gate: services.standings, tokens: services.tokens, limiter: services.limiter,
      pace: settings.pace.isEnabled ? settings.pace : nil, cacheSize: settings.decisions.cacheSize, log: services.log)
    decisions = LoopLocal { DecisionResponder(asked) }
    routes = Routes(
      endpoints: Endpoints(
        auth: AuthEndpoint(signIn: services.signIn, issuer: settings.issuer),
        secondFactor: SecondFactorEndpoint(signIn: services.signIn),
        passkeyOptions: PasskeyOptionsEndpoint(signIn: services.signIn),
        passkey: PasskeyEndpoint(signIn: services.signIn, issuer: settings.issuer),
        refresh: RefreshEndpoint(refreshing: services.sessions.refreshing),
        logout: LogoutEndpoint(sessions: services.sessions.register), sessions: SessionsEndpoint(sessions: services.sessions.register),
        endSession: SessionEndEndpoint(sessions: services.sessions.register),
        endSessions: OtherSessionsEndEndpoint(sessions: services.sessions.register),
        stepUp: StepUpEndpoint(stepUp: services.sessions.stepUp), stepUpFinish: StepUpFinishEndpoint(stepUp: services.sessions.stepUp),
        sendCode: CodeSendEndpoint(codes: services.credentials.codes), stepUpSend: StepUpSendEndpoint(codes: services.credentials.codes),
        userKeys: UserKeysEndpoint(keys: services.sessions.userKeys), newUserKey: NewUserKeyEndpoint(keys: services.sessions.userKeys),
        endUserKey: UserKeyEndEndpoint(keys: services.sessions.userKeys),
        credentials: CredentialEndpoints(services.credentials), me: MeEndpoint(accounts: services.accounts),
        token: TokenEndpoint(
          clients: services.clients, clientCredentials: services.clientCredentials, refreshing: services.sessions.refreshing),
        introspection: services.introspection,
        revocation: services.revocation,
        revocationFeed: RevocationFeedEndpoint(feed: services.revocations.feed),
        keySet: KeySetEndpoint(tokens: services.tokens), metadata: ServerMetadataEndpoint(issuer: settings.issuer),
        evaluation: EvaluationEndpoint(gate: services.standings, accounts: services.accounts),
        evaluations: EvaluationsEndpoint(gate: services.standings, accounts: services.accounts),
        health: Health.answer, readiness: ReadinessEndpoint(database: services.database, tokens: services.tokens),
        administration: Administration(services)),
      issuer: settings.issuer, isAdministrationPublic: settings.administration.isPublic)
  }

  private static func pipeline(_ services: Services, _ settings: Settings) -> Pipeline {
    Pipeline(
      checks: RequestChecks(
        pacing: Pacing(limiter: services.limiter, settings: settings.pace), verificationHeader: settings.verification.header,
        bodyLimit: settings.bodyLimit),
      verification: VerificationCheck(settings: settings.verification, now: services.now),
      clients: ClientChecks(authentication: services.clients, settings: settings.clients), users: UserChecks(gate: services.bearers),
      enrollers: EnrollerChecks(users: UserChecks(gate: services.bearers), enrollments: services.credentials.enrollments),
      permissions: PermissionChecks(gate: services.bearers),
      crossOrigin: CrossOrigin(
        settings: settings.crossOrigin,
        requestHeaders: [
          "Authorization", "Content-Type", "X-API-Key", "X-Request-ID", "X-Step-Up", "If-Match", settings.verification.header,
        ]),
      bodyLimit: settings.bodyLimit, denials: services.denials, problems: Problems(log: services.log))
  }

  /// For the listener that the world reaches.
  package var publicRoutes: [Route] {
    routes.probes.map(pipeline.route) + (routes.table + (routes.isAdministrationPublic ? routes.administration : [])).map(pipeline.route)
      + routes.decisions.map { pipeline.route($0, decisions) }
  }

  /// For the listener that only the operator reaches.
  package var operationsRoutes: [Route] {
    routes.probes.map(pipeline.route) + (routes.operations + routes.administration).map(pipeline.route)
  }

  /// Answers `OPTIONS` from a configured origin; `nil` leaves the answer to the route table.
  package var preflight: @Sendable (Request) -> Response? { { pipeline.crossOrigin.preflight($0) } }
}

extension PublicAPI.Services {
  fileprivate var introspection: IntrospectionEndpoint {
    IntrospectionEndpoint(caller: TokenCaller(clients: clients), introspection: revocations.introspection)
  }

  fileprivate var revocation: RevocationEndpoint {
    RevocationEndpoint(caller: TokenCaller(clients: clients), revocation: revocations.revocation)
  }
}
