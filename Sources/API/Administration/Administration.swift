internal import Identity
package import Primitives

/// The configuration's `admin`.
package struct AdministrationSettings: Settings {
  /// True opens `/admin/v1` on the public listener too.
  package let isPublic: Bool

  package init(from reader: SettingsReader) throws(SettingsError) {
    isPublic = try reader.boolean("public", default: false)
  }
}

/// What `/admin/v1` works on, one value for each kind of thing.
struct Administration: Sendable {
  let users: UserResource
  let applications: ApplicationResource
  let userRoles: AssignmentResource
  let applicationRoles: AssignmentResource
  let roles: RoleResource
  let separations: SeparationResource
  let sessions: SessionResource
  let keys: SigningKeyResource
  let audit: AuditResource

  init(_ services: PublicAPI.Services) {
    users = UserResource(accounts: services.accounts, invitations: services.credentials.invitations)
    applications = ApplicationResource(
      applications: services.applications, keys: services.apiKeys, roles: services.roles, now: services.now)
    userRoles = AssignmentResource(
      roles: services.roles, accounts: services.accounts, applications: services.applications, kind: .user)
    applicationRoles = AssignmentResource(
      roles: services.roles, accounts: services.accounts, applications: services.applications, kind: .application)
    roles = RoleResource(roles: services.roles)
    separations = SeparationResource(separations: services.separations)
    sessions = SessionResource(sessions: services.sessions.register, accounts: services.accounts)
    keys = SigningKeyResource(rotation: services.keys)
    audit = AuditResource(database: services.database)
  }
}
