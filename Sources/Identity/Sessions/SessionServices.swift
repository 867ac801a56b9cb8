package import Persistence
package import Primitives
package import Telemetry
package import WebAuthn

/// What can be done with a session once it is open.
package struct SessionServices: Sendable {
  package let refreshing: Refreshing
  package let register: SessionRegister
  package let stepUp: StepUp
  package let userKeys: UserKeys

  package init(
    database: any Database, roles: LiveRoleGraph, tokens: AccessTokens, settings: TokenSettings, passkeys: PasskeySettings, vault: Vault,
    log: Log,
    now: Now
  ) {
    refreshing = Refreshing(database: database, roles: roles, tokens: tokens, settings: settings, vault: vault, log: log, now: now)
    register = SessionRegister(database: database, settings: settings, now: now)
    stepUp = StepUp(database: database, roles: roles, vault: vault, tokens: tokens, settings: settings, passkeys: passkeys, now: now)
    userKeys = UserKeys(database: database, now: now)
  }
}
