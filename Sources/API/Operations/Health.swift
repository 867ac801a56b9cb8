internal import HTTP

/// `GET /healthz`: the process answers. A constant, given on the loop.
enum Health {
  static let body = Array(#"{"status":"ok"}"#.utf8)

  static func answer(_ request: Request) -> Response {
    Response(.ok, headers: [("Content-Type", "application/json")], body: body)
  }
}
