internal import HTTP
internal import JSON

/// `GET /.well-known/oauth-authorization-server` (RFC 8414): only what this server does.
struct ServerMetadataEndpoint: Endpoint {
  let issuer: String

  func respond(to call: Call) async throws -> Response {
    let base = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
    return .json(.ok, headers: [("Cache-Control", "public, max-age=300")]) { json in
      json.object { json in
        json.member("issuer", issuer)
        json.member("token_endpoint", base + "/oauth/token")
        json.member("introspection_endpoint", base + "/oauth/introspect")
        json.member("revocation_endpoint", base + "/oauth/revoke")
        json.member("jwks_uri", base + "/.well-known/jwks.json")
        json.member("response_types_supported", [String]())
        json.member("grant_types_supported", ["client_credentials", "refresh_token"])
        json.member("introspection_endpoint_auth_methods_supported", ["client_secret_basic", "client_secret_post", "Bearer"])
        json.member("revocation_endpoint_auth_methods_supported", ["client_secret_basic", "client_secret_post", "Bearer"])
        json.member("token_endpoint_auth_methods_supported", ["client_secret_basic", "client_secret_post"])
      }
    }
  }
}
