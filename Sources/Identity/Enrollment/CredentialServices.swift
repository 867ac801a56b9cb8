package import Persistence
package import Primitives
package import WebAuthn

/// What users do with their own credentials.
package struct CredentialServices: Sendable {
  package let enrollments: Enrollments
  package let factors: OwnFactors
  package let invitations: Invitations
  package let passwordChange: PasswordChange
  package let devices: Devices
  package let recovery: Recovery
  package let registration: Registration
  package let addresses: AddressChanges
  package let codes: CodeSending

  /// What all of them rest on.
  package struct Ground: Sendable {
    let database: any Database
    let vault: Vault
    let passwords: Passwords
    let policy: PasswordPolicy
    let links: Links
    let writing: Writing
    let pace: PasswordPace
    let now: Now

    var outbox: Outbox { writing.outbox }
    var notices: Notices { writing.notices }
    var codes: CodeSending { writing.codes }

    package init(
      database: any Database, vault: Vault, passwords: Passwords, policy: PasswordPolicy, links: Links, writing: Writing,
      pace: PasswordPace, now: Now
    ) {
      self.database = database
      self.vault = vault
      self.passwords = passwords
      self.policy = policy
      self.links = links
      self.writing = writing
      self.pace = pace
      self.now = now
    }
  }

  package init(
    _ ground: Ground, sessions: Sessions, roles: LiveRoleGraph, accounts: AccountSettings,
    registration settings: RegistrationSettings, passkeys: PasskeySettings, serviceName: String, audience: String
  ) {
    enrollments = Enrollments(
      database: ground.database, vault: ground.vault, sessions: sessions, roles: roles, codes: ground.codes, notices: ground.notices,
      serviceName: serviceName, audience: audience, passkeys: passkeys, now: ground.now)
    codes = ground.codes
    factors = OwnFactors(database: ground.database, vault: ground.vault, notices: ground.notices, now: ground.now)
    invitations = Invitations(
      database: ground.database, vault: ground.vault, passwords: ground.passwords, policy: ground.policy, links: ground.links,
      notices: ground.notices, registrationRoles: settings.roles, pace: ground.pace, now: ground.now)
    passwordChange = PasswordChange(
      database: ground.database, vault: ground.vault, passwords: ground.passwords, policy: ground.policy,
      notices: ground.notices, pace: ground.pace, now: ground.now)
    devices = Devices(database: ground.database, now: ground.now)
    recovery = Recovery(
      database: ground.database, vault: ground.vault, passwords: ground.passwords, policy: ground.policy, outbox: ground.outbox,
      notices: ground.notices, links: ground.links, settings: accounts, passkeys: passkeys, pace: ground.pace,
      messagePace: codes.pace, now: ground.now)
    registration = Registration(
      database: ground.database, outbox: ground.outbox, pace: codes.pace, links: ground.links, settings: settings, now: ground.now)
    addresses = AddressChanges(
      database: ground.database, vault: ground.vault, passwords: ground.passwords, pace: ground.pace, outbox: ground.outbox,
      notices: ground.notices, codes: codes, links: ground.links, now: ground.now)
  }
}
