internal import HTTP
internal import Identity

/// `GET /.well-known/jwks.json` (RFC 7517): the public halves of every key whose tokens may still be about.
struct KeySetEndpoint: Endpoint {
  let tokens: AccessTokens

  /// Short against the time a key is published before it signs, so that no cache meets a token whose key it does not know.
  private static let cacheSeconds = 300

  func respond(to call: Call) async throws -> Response {
    let document = tokens.keySetDocument
    let headers: [(name: String, value: String)] = [
      ("Content-Type", "application/jwk-set+json"), ("Cache-Control", "public, max-age=\(Self.cacheSeconds)"), ("ETag", document.etag),
    ]
    if call.request.headers.values(of: "if-none-match").contains(where: { EntityTag.list($0, names: document.etag) }) {
      return Response(.notModified, headers: headers)
    }
    return Response(.ok, headers: headers, body: document.bytes)
  }
}

/// `If-None-Match` (RFC 9110, section 13.1.2).
enum EntityTag {
  static func list(_ header: String, names tag: String) -> Bool {
    header.split(separator: ",").contains { entry in
      var text = String(entry.drop { $0 == " " })
      while text.last == " " { text.removeLast() }
      return text == "*" || text == tag || text == "W/" + tag
    }
  }
}
