package import Persistence
package import Primitives
package import WebAuthn

/// What users do with their own credentials.
package struct CredentialServices: Sendable {
  package let enrollments: Enrollments
  package let factors: OwnFactors

  package init(
    database: any Database, vault: Vault, sessions: Sessions, roles: LiveRoleGraph, serviceName: String, audience: String,
    passkeys: PasskeySettings, now: Now
  ) {
    enrollments = Enrollments(
      database: database, vault: vault, sessions: sessions, roles: roles, serviceName: serviceName, audience: audience,
      passkeys: passkeys, now: now)
    factors = OwnFactors(database: database, vault: vault, now: now)
  }
}
