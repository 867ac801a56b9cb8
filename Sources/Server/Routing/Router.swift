internal import HTTP

/// The route table in the form in which it is searched: a dictionary for paths without parameters, a tree of segments for the
/// others. Immutable.
struct Router: Sendable {
  /// The routes of one path.
  struct Resource: Sendable {
    let pattern: String
    fileprivate(set) var routes: [Route] = []
    private(set) var allow = ""

    fileprivate init(pattern: String) { self.pattern = pattern }

    /// HEAD is answered by GET; what has no route of its own, or is not known (`nil`), by the route for any method.
    func route(for method: Method?) -> Route? {
      routes.first { $0.method == method } ?? (method == .head ? routes.first { $0.method == .get } : nil)
        ?? routes.first { $0.method == nil }
    }

    fileprivate mutating func add(_ route: Route) {
      routes.append(route)
      var methods = Set(routes.compactMap(\.method?.rawValue))
      if methods.contains("GET") { methods.insert("HEAD") }
      methods.insert("OPTIONS")
      allow = methods.sorted().joined(separator: ", ")
    }
  }

  enum Match {
    case found(Resource, parameters: [String])
    case notFound
    /// A parameter is not percent-encoded UTF-8.
    case malformed
  }

  private struct Node: Sendable {
    var literals: [String: Int] = [:]
    var parameter: Int?
    var resource: Int?
    /// The resource of `{name*}` here.
    var rest: Int?
  }

  private var resources: [Resource] = []
  private var exact: [String: Int] = [:]
  private var nodes = [Node()]

  init(_ routes: [Route]) throws(RouteError) {
    for route in routes {
      guard route.pattern.utf8.first == UInt8(ascii: "/") else { throw RouteError(route, "must begin with a slash") }
      let index = try resource(for: route)
      guard !resources[index].routes.contains(where: { $0.method == route.method }) else { throw RouteError(route, "stands twice") }
      resources[index].add(route)
    }
  }

  func match(_ path: String) -> Match {
    if let index = exact[path] { return .found(resources[index], parameters: []) }
    guard nodes.count > 1 else { return .notFound }
    return matchTree(path.utf8)
  }

  private func matchTree(_ path: String.UTF8View) -> Match {
    var node = 0
    var parameters: [String] = []
    var rest = path.dropFirst()
    while true {
      let end = rest.firstIndex(of: UInt8(ascii: "/"))
      let segment = end.map { rest[..<$0] } ?? rest
      if let next = nodes[node].literals[String(Substring(segment))] {
        node = next
      } else if let next = nodes[node].parameter, !segment.isEmpty {
        guard let value = PercentEncoding.decode(segment) else { return .malformed }
        parameters.append(value)
        node = next
      } else {
        guard let index = nodes[node].rest else { return .notFound }
        return .found(resources[index], parameters: parameters + [String(Substring(rest))])
      }
      guard let end else { break }
      rest = rest[rest.index(after: end)...]
    }
    return nodes[node].resource.map { .found(resources[$0], parameters: parameters) } ?? .notFound
  }

  private mutating func resource(for route: Route) throws(RouteError) -> Int {
    let pattern = route.pattern
    guard pattern.utf8.contains(UInt8(ascii: "{")) else {
      if let index = exact[pattern] { return index }
      let index = add(pattern)
      exact[pattern] = index
      return index
    }
    var node = 0
    let segments = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    for (position, segment) in segments.enumerated() {
      if segment.hasPrefix("{"), segment.hasSuffix("*}") {
        guard position == segments.count - 1 else { throw RouteError(route, "'\(segment)' must stand last") }
        let index = nodes[node].rest ?? add(pattern)
        nodes[node].rest = index
        return index
      }
      node = child(of: node, segment)
    }
    let index = nodes[node].resource ?? add(pattern)
    nodes[node].resource = index
    return index
  }

  private mutating func add(_ pattern: String) -> Int {
    resources.append(Resource(pattern: pattern))
    return resources.count - 1
  }

  private mutating func child(of node: Int, _ segment: Substring) -> Int {
    let isParameter = segment.hasPrefix("{") && segment.hasSuffix("}")
    if let known = isParameter ? nodes[node].parameter : nodes[node].literals[String(segment)] { return known }
    nodes.append(Node())
    if isParameter { nodes[node].parameter = nodes.count - 1 } else { nodes[node].literals[String(segment)] = nodes.count - 1 }
    return nodes.count - 1
  }
}

/// A table that cannot be served.
package struct RouteError: Error, CustomStringConvertible {
  package let description: String

  init(_ route: Route, _ problem: String) { description = "route \(route.method?.rawValue ?? "*") \(route.pattern) \(problem)" }
}
