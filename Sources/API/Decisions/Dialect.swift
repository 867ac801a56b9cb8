internal import HTTP
internal import Identity

/// How a kind of gateway asks, and what it understands for an answer (contract, section 4).
enum Dialect: Int, Sendable, CaseIterable {
  /// nginx `auth_request`: anything but 200, 401 and 403 becomes a 500 for the client.
  case nginx
  /// Caddy `forward_auth`, Traefik `forwardAuth`, APISIX `forward-auth`: what is no pass goes to the client as it is.
  case forward
  /// Envoy `ext_authz` over HTTP: sends the client's method and path themselves. A 5xx is a failure to it, which may be configured
  /// to let requests through.
  case envoy

  /// The URLs, each with what follows them: the rule's name, and for Envoy the original path.
  var patterns: [String] {
    switch self {
    case .nginx: ["/authz/nginx", "/authz/nginx/{rule*}"]
    case .forward: ["/authz/forward", "/authz/forward/{rule*}"]
    case .envoy: ["/authz/envoy/{rule}/{path*}"]
    }
  }

  /// `nil` where the question names none.
  func ruleName(in request: Request) -> String? {
    guard let name = request.parameters.first else { return nil }
    return self == .envoy && name == "-" ? nil : name
  }

  func originalRequest(of request: Request) -> OriginalRequest {
    switch self {
    case .nginx: read(request, "x-original-method", "x-original-host", "x-original-uri")
    case .forward: read(request, "x-forwarded-method", "x-forwarded-host", "x-forwarded-uri")
    case .envoy:
      OriginalRequest(
        method: request.methodBytes, host: request.headers.value(of: "host"),
        target: Array("/\(request.parameters.last ?? "")".utf8)[...])
    }
  }

  private func read(_ request: Request, _ method: String, _ host: String, _ target: String) -> OriginalRequest {
    OriginalRequest(
      method: OriginalRequest.method(sent(request, method)), host: OriginalRequest.host(sent(request, host)),
      path: OriginalRequest.path(sent(request, target)))
  }

  /// Said twice is not said: which of them is the gateway's, and which the client's?
  private func sent(_ request: Request, _ name: String) -> OriginalRequest.Part<ArraySlice<UInt8>> {
    switch request.headers.occurrence(of: name) {
    case .absent: .absent
    case .repeated: .unusable
    case .once(let value): .given(value)
    }
  }

  func answer(_ denial: Denial, requestID: String) -> Response {
    let code = ProblemCode(rawValue: denial.reason.rawValue) ?? .forbidden
    var headers = [("WWW-Authenticate", denial.challenge), ("X-Authz-Reason", denial.reason.rawValue)]
    if let seconds = denial.retryAfter { headers.append(("Retry-After", String(seconds))) }
    guard self != .nginx else {
      var response = Response(denial.reason.isAboutCredential ? .unauthorized : .forbidden, headers: headers)
      response.code = code
      return response
    }
    let isFailure = code.status.rawValue >= 500
    let status = self == .envoy && isFailure ? .forbidden : code.status
    return Problem(status: status, code: code, detail: denial.reason.detail, headers: headers).response(requestID: requestID)
  }

  /// The same for a rule that sends browsers to a page: 302 where a credential could help, the client asks for a page to show (it
  /// reads, and takes HTML), and the gateway said where it wanted to go.
  func answer(_ denial: Denial, to request: Request, signInURL: String?) -> Response {
    let refusal = answer(denial, requestID: request.id)
    guard self == .forward, let signInURL, denial.reason.isAboutCredential, Self.takesPages(request),
      case .given(let host) = sent(request, "x-forwarded-host"), case .given(let target) = sent(request, "x-forwarded-uri"),
      case .given(let method) = sent(request, "x-forwarded-method"), method.elementsEqual("GET".utf8)
    else { return refusal }
    let isPlain = request.headers["x-forwarded-proto"]?.lowercased() == "http"
    var response = Response(
      .found, headers: [("Location", SignInPage.location(signInURL, returnTo: isPlain ? "http" : "https", host, target))])
    response.setHeader("X-Authz-Reason", denial.reason.rawValue)
    response.code = refusal.code
    return response
  }

  private static func takesPages(_ request: Request) -> Bool {
    request.headers.values(of: "accept").contains { $0.lowercased().contains("text/html") }
  }

  /// What the server itself refuses, in words that the gateway understands: a wrong header, a body that is too long.
  func finished(_ response: Response) -> Response {
    guard response.status != .ok, response.header("X-Authz-Reason") == nil else { return response }
    let isFailure = response.status.rawValue >= 500
    var response = response
    response.setHeader("X-Authz-Reason", (isFailure ? DenialReason.unavailable : .noRule).rawValue)
    if self == .nginx || (self == .envoy && isFailure) { response.status = .forbidden }
    if self == .nginx { response.body = [] }
    return response
  }
}

extension DenialReason {
  /// What to do about it, for the client.
  fileprivate var detail: String {
    switch self {
    case .noCredentials: "Send an access token as Authorization: Bearer, or an API key as X-API-Key."
    case .invalidToken: "The token or key is not one of this server's, or is sent twice, or token and key name different applications."
    case .expired: "The access token has expired; refresh it, or sign in again."
    case .revoked: "The session has ended, or whoever the credential was given to is disabled or gone."
    case .insufficientPermission: "A permission that this request needs is not among those that the caller holds."
    case .insufficientRole: "This request needs a role that the caller does not hold."
    case .wrongAudience: "The token is meant for another service."
    case .reauthenticationRequired: "The last sign-in is too long ago for this request; give a factor again."
    case .stepUpRequired: "This request needs a stronger sign-in."
    case .rateLimited: "Too many requests; try again after the time in Retry-After."
    case .budgetExhausted: "The budget is used up."
    case .banned: "This source is banned."
    case .noRule: "No rule is about this request, or the gateway did not say what was asked for."
    case .ambiguousPath: "The path could mean two things; send it in its plain form."
    case .unavailable: "It cannot be decided just now; try again later."
    }
  }
}
