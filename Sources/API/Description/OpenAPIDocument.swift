internal import HTTP
internal import JSON

/// Writes the description (OpenAPI 3.1.0) from the route table and the descriptions beside it.
struct OpenAPIDocument {
  let routes: [DescribedRoute]
  let issuer: String

  static let tags = ["sign-in", "tokens", "decisions", "administration", "operations"]

  func render() -> [UInt8] {
    let operations = Dictionary(
      OperationDescription.all.map { ($0.row, $0) }, uniquingKeysWith: { first, _ in first })
    var json = JSONWriter(capacity: 65_536)
    json.object { json in
      json.member("openapi", "3.1.0")
      json.member("info", info)
      json.member("servers") { json in json.array([issuer]) { json, url in json.object { $0.member("url", url) } } }
      json.member("tags") { json in json.array(Self.tags) { json, name in json.object { $0.member("name", name) } } }
      json.member("paths") { json in
        json.object { json in
          for path in Set(routes.map(\.template)).sorted() {
            json.member(path) { json in
              json.object { json in
                for route in routes where route.template == path {
                  let operation = OpenAPIOperation(route: route, description: operations[route.row])
                  json.member(route.methodName, operation.write)
                }
              }
            }
          }
        }
      }
      json.member("components", components)
    }
    return json.bytes
  }

  private func info(_ json: inout JSONWriter) {
    json.object { json in
      json.member("title", "CredentialFlow")
      json.member("version", "1")
      json.member(
        "description",
        "Every URL of this server. GET takes HEAD too, and OPTIONS names the methods of each. x-any-method marks what takes every method alike. x-listeners says where a URL is served. "
          + "Every answer has X-Request-ID; every refusal is a Problem unless said otherwise. Where an added verification is "
          + "configured, the calls under /auth bring its header.")
    }
  }

  private func components(_ json: inout JSONWriter) {
    json.object { json in
      json.member("securitySchemes") { json in
        json.object { json in
          for scheme in SecurityScheme.allCases { json.member(scheme.rawValue, scheme.write) }
        }
      }
      json.member("schemas") { json in
        json.object { json in for name in SchemaName.allCases { json.member(name.rawValue, name.schema.write) } }
      }
    }
  }
}

/// How callers prove who they are.
enum SecurityScheme: String, CaseIterable {
  case applicationToken
  case applicationKey
  case applicationSecret
  case userToken
  case enrollmentToken
  case accessToken

  func write(_ json: inout JSONWriter) {
    json.object { json in
      switch self {
      case .applicationKey:
        json.member("type", "apiKey")
        json.member("in", "header")
        json.member("name", "X-API-Key")
      case .applicationSecret:
        json.member("type", "http")
        json.member("scheme", "basic")
      case .enrollmentToken:
        json.member("type", "http")
        json.member("scheme", "bearer")
      case .applicationToken, .userToken, .accessToken:
        json.member("type", "http")
        json.member("scheme", "bearer")
        json.member("bearerFormat", "JWT")
      }
      json.member("description", text)
    }
  }

  private var text: String {
    switch self {
    case .applicationToken: "An application's access token, from POST /oauth/token, meant for this server."
    case .applicationKey: "A key of an application."
    case .applicationSecret: "client_id and client_secret; they may stand in the form instead."
    case .userToken: "A user's access token, meant for this server."
    case .enrollmentToken: "From POST /auth/invitation/accept: for a first factor."
    case .accessToken: "A user's or an application's access token, meant for this server, whose roles allow what is named."
    }
  }

  /// The alternatives of a route; each names permissions where it asks for one.
  static func alternatives(of access: Access) -> [(scheme: SecurityScheme, permissions: [String])] {
    switch access {
    case .anyone: []
    case .signIn: [(.applicationToken, []), (.applicationKey, [])]
    case .user: [(.userToken, [])]
    case .enroller: [(.userToken, []), (.enrollmentToken, [])]
    case .clientOfForm: [(.applicationSecret, [])]
    case .permission(let needed): [(.accessToken, [needed.rawValue])]
    }
  }
}
