/// What may pass (contract, section 4): which requests it is about, and what it asks of whoever sends them.
package struct Rule: Sendable, Equatable {
  package let name: String
  /// Which requests it is about; an empty list says nothing about that part.
  package let hosts: [HostPattern]
  package let methods: [String]
  package let paths: [PathPattern]
  /// All are needed.
  package let permissions: [PermissionTemplate]
  /// One is needed, where there is any.
  package let anyPermission: [PermissionTemplate]
  /// An inherited one counts.
  package let role: String?
  /// Tokens that are meant for it are taken, beside those that are meant for this server.
  package let audience: String?
  /// Since the last factor was proven.
  package let maxAge: Duration?
  package let acr: AuthenticationLevel?
  /// Lets everybody pass, with or without a credential.
  package let isAnonymous: Bool
  /// The `aud` of the signed identity that a pass carries; `nil` for none.
  package let identityAudience: String?
  /// Where a browser without a good credential is sent, by gateways that can send it; `nil`: it gets the refusal.
  package let signInURL: String?

  /// Whether one question is answered unlike the next where the path is another.
  package let hasTemplates: Bool

  private let methodBytes: [[UInt8]]

  package init(
    name: String, hosts: [HostPattern] = [], methods: [String] = [], paths: [PathPattern] = [],
    permissions: [PermissionTemplate] = [], anyPermission: [PermissionTemplate] = [], role: String? = nil, audience: String? = nil,
    maxAge: Duration? = nil, acr: AuthenticationLevel? = nil, isAnonymous: Bool = false, identityAudience: String? = nil,
    signInURL: String? = nil
  ) {
    self.name = name
    self.hosts = hosts
    self.methods = methods
    self.paths = paths
    self.permissions = permissions
    self.anyPermission = anyPermission
    self.role = role
    self.audience = audience
    self.maxAge = maxAge
    self.acr = acr
    self.isAnonymous = isAnonymous
    self.identityAudience = identityAudience
    self.signInURL = signInURL
    hasTemplates = (permissions + anyPermission).contains { $0.constant == nil }
    // HEAD is GET without the body (RFC 9110, section 9.3.2).
    methodBytes = (methods.contains("GET") ? methods + ["HEAD"] : methods).map { Array($0.utf8) }
  }

  /// Any live credential passes.
  package static let authenticated = Rule(name: "authenticated")

  /// Why the rule is not about a request.
  package enum Mismatch: String, Sendable {
    case host = "the host is not one of the rule's"
    case method = "the method is not one of the rule's"
    case path = "no path of the rule matches"
    case noHost = "the rule names hosts, and the question does not say which it is"
    case noMethod = "the rule names methods, and the question does not say which it is"
    case noPath = "the rule names paths, and the question does not say which it is"
  }

  /// A request that the rule is about, with what `*` stood for in the path that matched.
  package struct Match: Sendable, Equatable {
    package let captures: [Range<Int>]

    package init(captures: [Range<Int>] = []) { self.captures = captures }
  }

  package func match(_ request: OriginalRequest) -> Result<Match, Mismatch> {
    if !hosts.isEmpty {
      guard let host = request.host.value else { return .failure(.noHost) }
      guard hosts.contains(where: { $0.matches(host) }) else { return .failure(.host) }
    }
    if !methodBytes.isEmpty {
      guard let method = request.method.value else { return .failure(.noMethod) }
      guard methodBytes.contains(where: method.elementsEqual) else { return .failure(.method) }
    }
    guard !paths.isEmpty else { return .success(Match()) }
    guard let path = request.path.value else { return .failure(.noPath) }
    for pattern in paths {
      if let captures = pattern.captures(in: path) { return .success(Match(captures: captures)) }
    }
    return .failure(.path)
  }
}

extension Rule.Mismatch: Error {}
