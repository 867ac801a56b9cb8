internal import HTTP
package import Primitives

/// The configuration's `cors`: which web pages may call this server from a browser. None, unless configured.
package struct CrossOriginSettings: Settings {
  /// Origins such as `https://app.example.com`, compared byte for byte; never `*`.
  package let origins: [String]

  package init(from reader: SettingsReader) throws(SettingsError) {
    origins = try reader.strings("origins", default: [])
    for origin in origins where !Self.isOrigin(origin) {
      throw reader.wrong("origins", "'\(origin)' is not an origin such as https://app.example.com")
    }
  }

  private static func isOrigin(_ text: String) -> Bool {
    guard text.hasPrefix("https://") || text.hasPrefix("http://"), let host = text.split(separator: "/").last else { return false }
    return text.split(separator: "/", omittingEmptySubsequences: false).count == 3 && !host.isEmpty && !text.contains("*")
      && text.utf8.allSatisfy { (33...126).contains($0) && $0 != UInt8(ascii: "\"") }
  }
}

/// Cross-origin answers (WHATWG Fetch, section 3.2): nothing at all for an origin that is not configured.
struct CrossOrigin: Sendable {
  let settings: CrossOriginSettings
  /// Headers that a page may send.
  let requestHeaders: [String]

  func allowedOrigin(of request: Request) -> String? {
    guard !settings.origins.isEmpty, let origin = request.headers["origin"], settings.origins.contains(origin) else { return nil }
    return origin
  }

  /// The answer to a preflight from a configured origin; `nil` for any other `OPTIONS`.
  func preflight(_ request: Request) -> Response? {
    guard let origin = allowedOrigin(of: request), let method = request.headers["access-control-request-method"],
      ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(method)
    else { return nil }
    return Response(
      .noContent,
      headers: [
        ("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Methods", method),
        ("Access-Control-Allow-Headers", requestHeaders.joined(separator: ", ")), ("Access-Control-Max-Age", "600"), ("Vary", "Origin"),
      ])
  }

  func share(_ response: Response, with request: Request) -> Response {
    guard !settings.origins.isEmpty else { return response }
    var response = response
    response.headers.append(("Vary", "Origin"))
    guard let origin = allowedOrigin(of: request) else { return response }
    response.headers.append(("Access-Control-Allow-Origin", origin))
    let exposed = "X-Request-ID, X-Auth-Outcome, Retry-After, RateLimit, RateLimit-Policy, ETag, Location"
    response.headers.append(("Access-Control-Expose-Headers", exposed))
    return response
  }
}
