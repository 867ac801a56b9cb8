internal import Defense
internal import HTTP

/// Contract, section 6: what an operator does over HTTP. On the listener for operations; with `admin.public` on the public one too.
extension Routes {
  var administration: [RouteRow] { users + applications + assignments + roles + separations + sessions + keys + audit }

  private var users: [RouteRow] {
    let users = endpoints.administration.users
    return [
      list("/users", .usersRead, users.list),
      make(.post, "/users", .usersWrite, users.create),
      read("/users/{id}", .usersRead, users.get),
      patch("/users/{id}", .usersWrite, users.change),
      act(.delete, "/users/{id}", .usersWrite, users.delete),
      act(.post, "/users/{id}/unlock", .usersWrite, users.unlock),
      act(.post, "/users/{id}/invitation", .usersWrite, users.invite),
      read("/users/{id}/factors", .usersRead, users.factors),
    ]
  }

  private var applications: [RouteRow] {
    let applications = endpoints.administration.applications
    return [
      list("/apps", .applicationsRead, applications.list),
      make(.post, "/apps", .applicationsWrite, applications.create),
      read("/apps/{id}", .applicationsRead, applications.get),
      patch("/apps/{id}", .applicationsWrite, applications.change),
      act(.delete, "/apps/{id}", .applicationsWrite, applications.delete),
      read("/apps/{id}/keys", .applicationsRead, applications.listKeys),
      make(.post, "/apps/{id}/keys", .applicationsWrite, applications.addKey),
      act(.delete, "/apps/{id}/keys/{key}", .applicationsWrite, applications.revokeKey),
      act(.post, "/apps/{id}/keys/{key}/rotate", .applicationsWrite, applications.rotateKey),
    ]
  }

  private var assignments: [RouteRow] {
    let (users, applications) = (endpoints.administration.userRoles, endpoints.administration.applicationRoles)
    return [
      read("/users/{id}/roles", .usersRead, users.list),
      make(.post, "/users/{id}/roles", .usersWrite, users.grant),
      make(.put, "/users/{id}/roles/{role}", .usersWrite, users.put),
      act(.delete, "/users/{id}/roles/{role}", .usersWrite, users.revoke),
      read("/apps/{id}/roles", .applicationsRead, applications.list),
      make(.post, "/apps/{id}/roles", .applicationsWrite, applications.grant),
      make(.put, "/apps/{id}/roles/{role}", .applicationsWrite, applications.put),
      act(.delete, "/apps/{id}/roles/{role}", .applicationsWrite, applications.revoke),
    ]
  }

  private var roles: [RouteRow] {
    let roles = endpoints.administration.roles
    return [
      list("/roles", .rolesRead, roles.list),
      make(.post, "/roles", .rolesWrite, roles.create),
      read("/roles/{id}", .rolesRead, roles.get),
      patch("/roles/{id}", .rolesWrite, roles.change),
      act(.delete, "/roles/{id}", .rolesWrite, roles.delete),
    ]
  }

  private var separations: [RouteRow] {
    let separations = endpoints.administration.separations
    return [
      list("/separations", .rolesRead, separations.list),
      make(.post, "/separations", .rolesWrite, separations.create),
      read("/separations/{id}", .rolesRead, separations.get),
      act(.delete, "/separations/{id}", .rolesWrite, separations.delete),
    ]
  }

  private var sessions: [RouteRow] {
    let sessions = endpoints.administration.sessions
    return [
      list("/sessions", .sessionsRead, sessions.list),
      act(.delete, "/sessions/{id}", .sessionsWrite, sessions.end),
      read("/users/{id}/sessions", .usersRead, sessions.listOfUser),
      act(.delete, "/users/{id}/sessions", .usersWrite, sessions.endAllOfUser),
    ]
  }

  private var keys: [RouteRow] {
    let keys = endpoints.administration.keys
    return [
      read("/keys", .keysRead, keys.list),
      make(.post, "/keys/rotate", .keysWrite, keys.rotate),
      act(.delete, "/keys/{kid}", .keysWrite, keys.revoke),
    ]
  }

  private var audit: [RouteRow] { [list("/audit", .auditRead, endpoints.administration.audit.list)] }
}

/// The rows' shapes: what is only read is paced as reading and may be compressed, for no answer to a reader holds a secret.
extension Routes {
  private typealias Function = @Sendable (Call) async throws -> Response

  /// Goes by pages.
  private func list(_ path: String, _ needed: OwnPermission, _ function: @escaping Function) -> RouteRow {
    administer(.get, path, needed, .relaxed, .none, function, .allowed, query: PageRequest.parameters)
  }

  private func read(_ path: String, _ needed: OwnPermission, _ function: @escaping Function) -> RouteRow {
    administer(.get, path, needed, .relaxed, .none, function)
  }

  /// Takes a body of JSON.
  private func make(_ method: Method, _ path: String, _ needed: OwnPermission, _ function: @escaping Function) -> RouteRow {
    administer(method, path, needed, .normal, .json, function)
  }

  private func patch(_ path: String, _ needed: OwnPermission, _ function: @escaping Function) -> RouteRow {
    administer(.patch, path, needed, .normal, .mergePatch, function)
  }

  /// Takes no body.
  private func act(_ method: Method, _ path: String, _ needed: OwnPermission, _ function: @escaping Function) -> RouteRow {
    administer(method, path, needed, .normal, .none, function)
  }

  private func administer(
    _ method: Method, _ path: String, _ needed: OwnPermission, _ pace: PaceClass, _ body: BodyRule, _ function: @escaping Function,
    _ compression: Compression = .never, query: [String] = []
  ) -> RouteRow {
    row(
      method, "/admin/v1" + path, .permission(needed), pace, body, Action(function: function), compression, query: query)
  }
}
