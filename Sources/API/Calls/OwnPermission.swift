internal import Identity

/// What this server asks for its own doors (contract, section 6). The built-in role `admin` holds `cf/**:*`, and so all of it.
enum OwnPermission: String, Sendable, CaseIterable {
  case usersRead = "cf/users:read"
  case usersWrite = "cf/users:write"
  case rolesRead = "cf/roles:read"
  case rolesWrite = "cf/roles:write"
  case applicationsRead = "cf/apps:read"
  case applicationsWrite = "cf/apps:write"
  case sessionsRead = "cf/sessions:read"
  case sessionsWrite = "cf/sessions:write"
  case keysRead = "cf/keys:read"
  case keysWrite = "cf/keys:write"
  case auditRead = "cf/audit:read"
  case revocationsRead = "cf/revocations:read"
  case decisionsEvaluate = "cf/decisions:evaluate"

  /// `nil` would open no door.
  var permission: Permission? { Permission(rawValue) }
}
