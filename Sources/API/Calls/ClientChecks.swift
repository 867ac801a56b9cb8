internal import HTTP
internal import Identity
package import Primitives

/// The configuration's `clients`.
package struct ClientSettings: Settings {
  /// False lets a sign-in go without an application: for a server that only its own gateway reaches.
  package let isRequired: Bool

  package init(from reader: SettingsReader) throws(SettingsError) {
    isRequired = try reader.boolean("required", default: true)
  }
}

/// Which application is calling (contract, section 1): `Authorization: Bearer`, `X-API-Key`, or both for the same one.
struct ClientChecks: Sendable {
  let authentication: ClientAuthentication
  let settings: ClientSettings

  /// `nil` where none is named and none is required.
  func application(of request: Request) async throws -> Application? {
    var byToken: Application?
    if let header = request.headers["authorization"] {
      guard let token = Bearer.token(in: header), let application = try await authentication.application(bearer: token) else {
        throw Problem(
          .invalidClientToken,
          "Authorization must be 'Bearer' and a live access token of the calling application, from POST /oauth/token with "
            + "grant_type=client_credentials. A user's token is not taken here.",
          headers: [("WWW-Authenticate", "Bearer error=\"invalid_token\"")])
      }
      byToken = application
    }
    var byKey: Application?
    if let key = request.headers["x-api-key"] {
      guard let application = try await authentication.application(apiKey: key) else {
        throw Problem(.invalidAPIKey, "X-API-Key is not a live key of an application; 'credentialflow apikey add APP' makes one.")
      }
      byKey = application
    }
    return try agreed(byToken, byKey)
  }

  private func agreed(_ byToken: Application?, _ byKey: Application?) throws -> Application? {
    if let byToken, let byKey, byToken.id != byKey.id {
      throw Problem(.clientMismatch, "Authorization and X-API-Key name different applications; send either, or both of one.")
    }
    guard let application = byToken ?? byKey else {
      guard !settings.isRequired else {
        throw Problem(
          .clientRequired, "Name the calling application: send its access token as Authorization: Bearer, or its key as X-API-Key.")
      }
      return nil
    }
    return application
  }
}

/// The Bearer scheme (RFC 6750, section 2.1).
enum Bearer {
  /// `nil` where the header is not exactly the scheme, in any case, one space, and one token.
  static func token(in header: String) -> String? {
    let parts = header.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].lowercased() == "bearer", !parts[1].isEmpty else { return nil }
    return String(parts[1])
  }
}
