internal import HTTP
internal import Identity

/// Whether the caller may do what the route asks for: by an access token meant for this server, of a user's live session or of
/// an application, whose roles allow it now, whatever the token says.
struct PermissionChecks: Sendable {
  let users: UserChecks
  let clients: ClientAuthentication
  let roles: ApplicationRoles

  func caller(of request: Request, for needed: OwnPermission) async throws -> Caller {
    let (caller, active) = try await holder(of: request)
    guard let permission = needed.permission, active.allows(permission) else {
      throw Problem(
        .insufficientPermission, "This call needs the permission \(needed.rawValue), which the caller's roles do not give.",
        headers: [("WWW-Authenticate", "Bearer error=\"insufficient_scope\", scope=\"\(needed.rawValue)\"")])
    }
    return caller
  }

  private func holder(of request: Request) async throws -> (Caller, ActiveRoles) {
    if let token = request.headers["authorization"].flatMap(Bearer.token), let application = try await clients.application(bearer: token) {
      return (.application(application), try await roles.active(of: application.id))
    }
    let live = try await users.session(of: request)
    return (.user(live), live.active)
  }
}
