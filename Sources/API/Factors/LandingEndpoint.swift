internal import HTTP

/// `GET /invitation` and its like: where a link leads that carries a one-time code, unless `links` names a page of the operator's. The
/// code stands behind `#`, so it is not even sent here: looking uses nothing.
struct LandingEndpoint: Endpoint {
  private static let text =
    "The link that led here carries a one-time code: what stands behind 'code=' in its address.\n"
    + "Give the code to the application that you sign in with. Looking at this page has used nothing.\n"

  func respond(to call: Call) async throws -> Response {
    Response(.ok, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array(Self.text.utf8))
  }
}
