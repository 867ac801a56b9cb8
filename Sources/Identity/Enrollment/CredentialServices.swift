package import Persistence
package import Primitives

/// What users do with their own credentials.
package struct CredentialServices: Sendable {
  package let enrollments: Enrollments
  package let factors: OwnFactors
  package let codes: CodeSending

  package init(
    database: any Database, vault: Vault, sessions: Sessions, roles: LiveRoleGraph, codes: CodeSending, notices: Notices,
    serviceName: String, audience: String, now: Now
  ) {
    enrollments = Enrollments(
      database: database, vault: vault, sessions: sessions, roles: roles, codes: codes, notices: notices, serviceName: serviceName,
      audience: audience, now: now)
    factors = OwnFactors(database: database, vault: vault, notices: notices, now: now)
    self.codes = codes
  }
}
