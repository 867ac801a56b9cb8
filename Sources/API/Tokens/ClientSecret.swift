internal import HTTP
internal import Identity
internal import OAuth
internal import Primitives

/// A client's id and secret as the request carries them (RFC 6749, section 2.3.1): by HTTP Basic or in the form, never both.
struct ClientSecret {
  let clientID: String
  let secret: String

  /// `nil` where there is none.
  init?(_ request: Request, _ form: FormParameters) throws(OAuthError) {
    guard let header = request.headers["authorization"] else {
      guard let clientID = form["client_id"], let secret = form["client_secret"] else { return nil }
      (self.clientID, self.secret) = (clientID, secret)
      return
    }
    guard !form.contains("client_secret") else {
      throw OAuthError(.invalidRequest, "authenticate once: by HTTP Basic or in the form, not both")
    }
    guard let pair = Self.basic(header) else { throw OAuthError(.invalidClient, "Authorization is not a valid HTTP Basic credential") }
    if let stated = form["client_id"], stated != pair.clientID {
      throw OAuthError(.invalidRequest, "client_id differs between Authorization and form")
    }
    (clientID, secret) = pair
  }

  func application(_ clients: ClientAuthentication, for call: Call) async throws -> Application {
    guard let application = try await clients.application(clientID: clientID, secret: secret) else {
      throw OAuthError(.invalidClient, "client_id or client_secret is wrong")
    }
    try call.admit(application)
    return application
  }

  /// Both halves are form-encoded before they are joined (RFC 6749, section 2.3.1).
  private static func basic(_ header: String) -> (clientID: String, secret: String)? {
    let parts = header.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].lowercased() == "basic", let bytes = Base64.decode(Array(parts[1].utf8)) else { return nil }
    let halves = bytes.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2, let clientID = FormParameters.decode(halves[0]), let secret = FormParameters.decode(halves[1]) else {
      return nil
    }
    return (clientID, secret)
  }
}

/// Which application asks about a token, or revokes one: by its secret, its own access token, or its key; one of them.
struct TokenCaller: Sendable {
  let clients: ClientAuthentication

  /// What the caller may do is the application's business where it brings its secret or key, and its token's where it brings that.
  func application(_ call: Call, _ form: FormParameters) async throws -> (application: Application, narrowed: ActiveRoles?) {
    let request = call.request
    let bearer = request.headers["authorization"].flatMap { Bearer.token(in: $0) }
    let key = request.headers["x-api-key"]
    guard bearer != nil || key != nil else {
      guard let presented = try ClientSecret(request, form) else {
        throw OAuthError(.invalidClient, "authenticate as an application: by HTTP Basic, in the form, with Bearer or with X-API-Key")
      }
      return (try await presented.application(clients, for: call), nil)
    }
    guard !form.contains("client_secret"), bearer == nil || key == nil, key == nil || request.headers["authorization"] == nil else {
      throw OAuthError(.invalidRequest, "authenticate once")
    }
    if let bearer, let standing = try await clients.standing(bearer: bearer), let application = standing.application {
      try call.admit(application)
      return (application, standing.active)
    }
    if let key, let application = try await clients.application(apiKey: key) {
      try call.admit(application)
      return (application, nil)
    }
    throw OAuthError(.invalidClient, bearer == nil ? "X-API-Key is no live key" : "the access token is no live one of an application")
  }
}
