internal import Defense
internal import HTTP

/// Contract, section 6: what an operator does over HTTP. On the listener for operations; with `admin.public` on the public one too.
extension Routes {
  var administration: [RouteRow] { users + applications + audit }

  private var users: [RouteRow] {
    let users = endpoints.administration.users
    return [
      list("/users", .usersRead, users.list),
      make(.post, "/users", .usersWrite, users.create),
      read("/users/{id}", .usersRead, users.get),
      patch("/users/{id}", .usersWrite, users.change),
      act(.delete, "/users/{id}", .usersWrite, users.delete),
      act(.post, "/users/{id}/unlock", .usersWrite, users.unlock),
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
