internal import HTTP
internal import Identity

/// `GET /oauth/revocations?after=CURSOR&wait=SECONDS`: what verifiers elsewhere have to refuse, as a signed statement. Who names a
/// cursor has everything before it, and the answer waits for something new, 30 s unless `wait` says otherwise.
struct RevocationFeedEndpoint: Endpoint {
  static let parameters = ["after", "wait"]
  private static let waits = 0...30

  let feed: RevocationFeed

  func respond(to call: Call) async throws -> Response {
    let query = try QueryParameters(call.request)
    var wait = query["after"] == nil ? 0 : Self.waits.upperBound
    if let text = query["wait"] {
      guard let seconds = Int(text), Self.waits.contains(seconds) else {
        throw QueryParameters.wrong("wait", "expected whole seconds from 0 to 30")
      }
      wait = seconds
    }
    guard case .holder(let standing) = call.caller else { throw Problem(.invalidToken, "This call takes an access token.") }
    // A cursor that cannot be read is as good as one that is not known: everything is sent.
    let page = try await feed.page(after: query["after"].flatMap { RevocationCursor($0) }, wait: .seconds(wait))
    let statement = try feed.sign(page, for: standing.subject, standing.application)
    return Response(.ok, headers: [("Content-Type", "application/\(RevocationFeed.type)")], body: Array(statement.utf8))
  }
}
