internal import API
internal import CLinux
internal import Cryptography
internal import Defense
internal import Delivery
internal import HTTP
internal import Identity
internal import Journal
internal import OAuth
internal import Persistence
internal import Primitives
internal import Server
private import Synchronization
internal import Telemetry
internal import Tokens
internal import Transport

/// The composition root: here, and in `ApplicationServices.swift`, objects of two modules are made. Whoever holds the data folder's lock
/// has one.
final class Application: Sendable {
  let installation: Installation
  let configuration: Configuration
  let now: Now
  let log: Log
  let database: any Database
  let vault: Vault
  let tokens: AccessTokens
  let accounts: Accounts
  let credentials: CredentialServices
  let roles: Roles
  let separations: Separations
  let applications: Applications
  let apiKeys: APIKeys
  let keyRotation: KeyRotation
  let signIn: SignIn
  let sessions: SessionRegister
  let gate: Gate
  let rules: LiveRules
  /// Filled when the server is made.
  let proxies = LiveProxies()
  private let writing: Writing
  private let denials = DenialTally()
  private let limiter: PaceLimiter
  private let ground: Ground
  let api: PublicAPI
  /// Commands run beside each other, and only one at a time may replace `master.key`.
  private let isRotating = Atomic(false)

  /// What lies under every service: opened in order, each step on the one before.
  struct Ground {
    let database: any Database
    let vault: Vault
    let keys: SigningKeys
    let greatestPasswordWork: Int
    let revoked: RevokedTokens
    let passkeys: Passkeys
    let templates: Templates
  }

  private init(_ ground: Ground, keys: KeySet, _ installation: Installation, _ configuration: Configuration, log: Log, now: Now) {
    self.installation = installation
    self.configuration = configuration
    self.log = log
    self.now = now
    database = ground.database
    vault = ground.vault
    let (service, database) = (configuration.service, ground.database)
    tokens = AccessTokens(issuer: service.issuer, keys: keys, defaultAlgorithm: configuration.tokens.algorithm, now: now)
    keyRotation = KeyRotation(keys: ground.keys, tokens: tokens, changes: database.changes, now: now)
    let (passwords, policy) = Self.passwords(ground, configuration)
    limiter = PaceLimiter(capacity: configuration.pace.capacity)
    writing = Self.writing(ground, limiter, configuration, log: log, now: now)
    accounts = Self.accounts(ground, passwords, policy, writing, configuration, now: now)
    roles = Roles(database: database, now: now)
    separations = Separations(database: database, now: now)
    let roleGraph = LiveRoleGraph(database: database)
    applications = Applications(database: database, defaultAlgorithm: configuration.tokens.algorithm, now: now)
    apiKeys = APIKeys(database: database, now: now)
    let sessions = SessionServices(
      database: database, roles: roleGraph, tokens: tokens, settings: configuration.tokens, passkeys: configuration.webauthn,
      vault: vault, log: log, now: now)
    self.sessions = sessions.register
    self.ground = ground
    gate = Gate(database: database, roles: roleGraph, revoked: ground.revoked, now: now)
    rules = LiveRules(RuleSet(configuration.authz))
    signIn = Self.signIn(ground, roleGraph, tokens, passwords, limiter, writing, configuration, log: log, now: now)
    credentials = Self.credentials(ground, passwords, policy, writing, limiter, roleGraph, tokens, configuration, now: now)
    api = PublicAPI(
      PublicAPI.Services(
        database: database, signIn: signIn, sessions: sessions, credentials: credentials, accounts: accounts, roles: roles,
        separations: separations, applications: applications, apiKeys: apiKeys,
        clients: ClientAuthentication(database: database, gate: gate, tokens: tokens),
        bearers: BearerGate(gate: gate, tokens: tokens), tokens: tokens, keys: keyRotation,
        clientCredentials: Self.clientCredentials(ground, roleGraph, tokens, configuration, now: now),
        revocations: RevocationServices(database: database, gate: gate, tokens: tokens, revoked: ground.revoked, now: now), standings: gate,
        rules: rules, limiter: limiter, denials: denials, log: log, now: now),
      PublicAPI.Settings(configuration))
  }

  /// Where everything lasting lives, for people: a file, or what `database.url` names.
  var databaseName: String {
    configuration.database.isFile ? installation.folder.databasePath : configuration.database.url
  }

  /// Opens everything that commands work on; starts nothing. The caller holds the folder's lock.
  static func open(
    _ installation: Installation, configuration: Configuration, log: Log = .discarding, now: Now = .system
  ) async throws -> Application {
    let database = try configuration.database.open(file: installation.folder.databasePath)
    do {
      _ = try await Migrator(database, now: now).run()
      return try await assemble(database, installation, configuration, log: log, now: now)
    } catch {
      await database.close()
      throw error
    }
  }

  private static func assemble(
    _ database: any Database, _ installation: Installation, _ configuration: Configuration, log: Log, now: Now
  ) async throws -> Application {
    let vault = try await MasterKeyFile(installation).openVault(database, now: now)
    // A rotation that was cut short is finished now.
    if vault.hasOldDataKeys { _ = try await reseal(database, vault) }
    let keys = SigningKeys(
      database: database, vault: vault, schedule: KeySchedule(configuration.keys, configuration.tokens), now: now)
    _ = try await keys.advance()
    let ground = Ground(
      database: database, vault: vault, keys: keys, greatestPasswordWork: try await Accounts.greatestPasswordWork(database),
      revoked: try await RevokedTokens.load(database), passkeys: Passkeys(settings: configuration.webauthn),
      templates: try installation.templates())
    let application = Application(ground, keys: try await keys.keySet(), installation, configuration, log: log, now: now)
    try await application.roles.makeBuiltin()
    return application
  }

  /// Puts a new master key in force and seals everything anew under it; answers how many values that were.
  func rotateMasterKey(by provenance: Provenance) async throws -> Int {
    let at = now()
    guard !isRotating.exchange(true, ordering: .acquiringAndReleasing) else {
      throw Refusal("the master key is being rotated already; one at a time")
    }
    defer { isRotating.store(false, ordering: .releasing) }
    _ = try await MasterKeyFile(installation).rotate(vault, at: at) { db in
      try AuditLog(db).append(AuditEvent("master_key.rotated", subject: "master_key:current"), by: provenance, at: at)
    }
    return try await Self.reseal(database, vault)
  }

  /// Brings every sealed column under the newest key, then forgets the older ones.
  private static func reseal(_ database: any Database, _ vault: Vault) async throws -> Int {
    let count = try await Resealing(database: database, vault: vault).run()
    try await vault.forgetOldDataKeys()
    return count
  }

  /// The server over this application. It serves until it is drained.
  func server() throws -> RunningServer {
    try RunningServer(
      api: api, configuration: configuration, folder: installation.folder, clients: clientRules,
      denials: DenialRecorder(tally: denials, database: database, log: log),
      pruning: Pruning(database: database, settings: configuration.tokens, revoked: ground.revoked, passkeys: ground.passkeys, now: now),
      keys: keyRotation, limiter: limiter, outbox: outboxWorker, edge: edgeRefresh(),
      security: try ListenerSecurity(installation.security(configuration), log: log, now: now), log: log, now: now)
  }

  var outbox: Outbox { writing.outbox }

  var deadLetters: DeadLetters { DeadLetters(database: database, now: now) }

  private var outboxWorker: OutboxWorker {
    OutboxWorker(
      database: database, vault: vault, outbox: outbox, templates: ground.templates,
      mail: configuration.mail.server.map { MailSender($0, from: configuration.mail.from) },
      sms: configuration.sms.service.map { SMSSender($0) }, log: log, now: now)
  }

  /// Begins with the list that was kept last.
  private func edgeRefresh() -> CloudflareRefresh {
    let list = EdgeList(path: installation.folder.edgeListPath, client: HTTPSClient("cloudflare"))
    let ranges = list.kept(log) ?? .builtIn
    proxies.replace(configuration.proxies)
    proxies.replace(edge: ranges.networks)
    return CloudflareRefresh(
      configuration.cloudflare, from: ranges, fetch: list.fetch,
      apply: { [proxies] ranges, body in
        proxies.replace(edge: ranges.networks)
        try list.keep(body)
      }, log: log, now: now)
  }

  /// Of the public listener.
  private var clientRules: ClientRules {
    let isPaced = configuration.pace.isEnabled
    return ClientRules(
      proxies: proxies, takesProxyHeaders: true, edgeRequired: configuration.edge.isRequired,
      edgeShowsCertificate: configuration.tls.isEnabled && configuration.tls.clientCertificate != .off,
      refusedAtEdge: { [denials] client, time in
        denials.count(ProblemCode.forbidden.rawValue, from: client.siteDescription, at: time)
      },
      anticipates: { [limiter] site in if isPaced { limiter.anticipate(site) } })
  }

  var signingKeys: SigningKeys { keyRotation.keys }

  /// Finishes what is queued and closes.
  func close() async {
    await database.close()
    log.flush()
  }
}

extension PublicAPI.Settings {
  fileprivate init(_ configuration: Configuration) {
    self.init(
      issuer: configuration.service.issuer, clients: configuration.clients, verification: configuration.verification,
      crossOrigin: configuration.cors, pace: configuration.pace, administration: configuration.admin, decisions: configuration.authz,
      bodyLimit: configuration.limits.body)
  }
}
