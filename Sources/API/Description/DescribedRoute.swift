internal import Defense
internal import HTTP

/// A row of the route table as the description sees it, and where it is served.
struct DescribedRoute: Sendable {
  /// `nil`: any.
  let method: HTTP.Method?
  let path: String
  let access: Access
  let pace: PaceClass
  let body: BodyRule
  let query: [String]
  var listeners: [String]
}

extension Routes {
  /// Every row of every listener, once.
  var described: [DescribedRoute] {
    var found: [DescribedRoute] = []
    func add(_ route: DescribedRoute) {
      if let index = found.firstIndex(where: { $0.path == route.path && $0.method == route.method }) {
        found[index].listeners += route.listeners
      } else {
        found.append(route)
      }
    }
    for row in table { add(DescribedRoute(row, ["public"])) }
    for row in administration { add(DescribedRoute(row, isAdministrationPublic ? ["operations", "public"] : ["operations"])) }
    for row in operations { add(DescribedRoute(row, ["operations"])) }
    for row in decisions { add(DescribedRoute(row, ["public"])) }
    for row in probes { add(DescribedRoute(row, ["public", "operations"])) }
    return found
  }
}

extension DescribedRoute {
  fileprivate init(_ row: RouteRow, _ listeners: [String]) {
    self.init(
      method: row.method, path: row.path, access: row.access, pace: row.pace, body: row.body, query: row.query, listeners: listeners)
  }

  fileprivate init(_ row: ProbeRow, _ listeners: [String]) {
    self.init(method: .get, path: row.path, access: row.access, pace: row.pace, body: .none, query: [], listeners: listeners)
  }

  fileprivate init(_ row: DecisionRow, _ listeners: [String]) {
    self.init(method: nil, path: row.path, access: .anyone, pace: .unlimited, body: .none, query: [], listeners: listeners)
  }

  var row: String { "\(method?.rawValue ?? "*") \(path)" }

  /// As OpenAPI writes them. It has no word for any method: GET stands for all.
  var methodName: String { (method ?? .get).rawValue.lowercased() }

  /// The names of `{…}` in the path.
  var parameters: [String] {
    path.split(separator: "/").filter { $0.hasPrefix("{") && $0.hasSuffix("}") }.map {
      String($0.dropFirst().dropLast().filter { $0 != "*" })
    }
  }

  /// The path as OpenAPI writes it, which knows no rest of a path.
  var template: String { path.filter { $0 != "*" } }

  /// The same whenever the same table is described.
  var operationID: String {
    let words = path.split { !$0.isLetter && !$0.isNumber }
    return ([methodName] + words.map(String.init)).joined(separator: "_")
  }

  /// What is refused before the endpoint is asked.
  var problems: [ProblemCode] {
    guard method != nil else { return [] }
    var codes: [ProblemCode] = [.invalidRequest, .invalidHeader, .internalError, .unavailable]
    if pace != .unlimited { codes.append(.rateLimited) }
    if body != .none { codes += [.lengthRequired, .payloadTooLarge, .unsupportedMediaType] }
    switch access {
    case .anyone, .clientOfForm: break
    case .signIn: codes += [.clientRequired, .invalidClientToken, .invalidAPIKey, .clientMismatch, .verificationFailed]
    case .user, .enroller: codes += [.invalidToken, .expired, .revoked, .verificationFailed]
    case .permission: codes += [.invalidToken, .expired, .revoked, .insufficientPermission]
    }
    return codes
  }

  /// The contract's parts.
  var tag: String {
    if path.hasPrefix("/admin/") { return "administration" }
    if path.hasPrefix("/auth/") || path == "/auth" { return "sign-in" }
    if path.hasPrefix("/authz/") || path.hasPrefix("/access/") { return "decisions" }
    if path.hasPrefix("/oauth/") || path.hasPrefix("/.well-known/") { return "tokens" }
    return "operations"
  }
}
