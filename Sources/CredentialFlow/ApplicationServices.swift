internal import Cryptography
internal import Defense
internal import Identity
internal import OAuth
internal import Primitives
internal import Telemetry

/// The composition root, second half: services that take more than a line to make.
extension Application {
  static func writing(
    _ ground: Ground, _ limiter: PaceLimiter, _ configuration: Configuration, log: Log, now: Now
  ) -> Writing {
    let outbox = Outbox(
      vault: ground.vault, mail: configuration.mail, sms: configuration.sms, product: configuration.service.name)
    return Writing(
      database: ground.database, vault: ground.vault, outbox: outbox, limiter: limiter, messages: configuration.messages,
      sms: configuration.sms, isPaced: configuration.pace.isEnabled, log: log, now: now)
  }

  static func signIn(
    _ ground: Ground, _ roles: LiveRoleGraph, _ tokens: AccessTokens, _ passwords: Passwords, _ limiter: PaceLimiter,
    _ writing: Writing, _ configuration: Configuration, log: Log, now: Now
  ) -> SignIn {
    SignIn(
      database: ground.database, vault: ground.vault, passwords: passwords, passkeys: ground.passkeys,
      sessions: Sessions(tokens: tokens, settings: configuration.tokens, vault: ground.vault, notices: writing.notices), roles: roles,
      pace: passwordPace(limiter, configuration), settings: configuration.accounts, devices: configuration.devices, log: log, now: now)
  }

  private static func passwordPace(_ limiter: PaceLimiter, _ configuration: Configuration) -> PasswordPace {
    PasswordPace(limiter: limiter, pace: configuration.pace.isEnabled ? configuration.pace.account.strict : nil)
  }

  static func clientCredentials(
    _ ground: Ground, _ roles: LiveRoleGraph, _ tokens: AccessTokens, _ configuration: Configuration, now: Now
  ) -> ClientCredentials {
    ClientCredentials(
      roles: ApplicationRoles(database: ground.database, roles: roles), tokens: tokens, issuer: configuration.service.issuer,
      lifetime: configuration.tokens.accessLifetime, now: now)
  }

  static func credentials(
    _ ground: Ground, _ passwords: Passwords, _ policy: PasswordPolicy, _ writing: Writing, _ limiter: PaceLimiter,
    _ roles: LiveRoleGraph, _ tokens: AccessTokens, _ configuration: Configuration, now: Now
  ) -> CredentialServices {
    CredentialServices(
      CredentialServices.Ground(
        database: ground.database, vault: ground.vault, passwords: passwords, policy: policy,
        links: Links(settings: configuration.links, publicURL: configuration.service.publicURL), writing: writing,
        pace: passwordPace(limiter, configuration), now: now),
      sessions: Sessions(tokens: tokens, settings: configuration.tokens, vault: ground.vault, notices: writing.notices), roles: roles,
      accounts: configuration.accounts, registration: configuration.registration, passkeys: configuration.webauthn,
      serviceName: configuration.service.name, audience: configuration.service.issuer)
  }

  static func accounts(
    _ ground: Ground, _ passwords: Passwords, _ policy: PasswordPolicy, _ writing: Writing, _ configuration: Configuration, now: Now
  ) -> Accounts {
    Accounts(
      database: ground.database, vault: ground.vault, passwords: passwords, policy: policy, settings: configuration.accounts,
      issuer: configuration.service.name, notices: writing.notices, now: now)
  }

  static func passwords(_ ground: Ground, _ configuration: Configuration) -> (Passwords, PasswordPolicy) {
    let hashing = configuration.hashing
    let passwords = Passwords(
      pool: HashingPool(lanes: hashing.lanes, capacity: hashing.queue), parameters: hashing.parameters, vault: ground.vault,
      greatestWork: ground.greatestPasswordWork)
    let name = configuration.service.name, mayStandAlone = configuration.devices.trust > .zero
    return (
      passwords,
      PasswordPolicy(settings: configuration.passwords, passwords: passwords, serviceName: name, mayStandAlone: mayStandAlone)
    )
  }
}
