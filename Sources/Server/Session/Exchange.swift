internal import HTTP
internal import Primitives
internal import Transport

/// One request on its way to its answer, whichever version of HTTP it came by: found in the table, admitted, answered, logged.
/// A class, because as a value it would be copied, each of its parts counted anew, at every step.
final class Exchange {
  let head: RequestHead
  let requestID: String
  let receivedAt: Instant
  let client: RequestClient
  private(set) var pattern = "-"
  private(set) var route: Route?
  private(set) var request: Request?
  var body: [UInt8] = []
  private let hasBadID: Bool

  init(_ head: RequestHead, from client: RequestClient, in context: LoopContext) {
    self.head = head
    self.client = client
    receivedAt = context.now()
    let given = RequestIDs.given(head.headers)
    hasBadID = if case .bad = given { true } else { false }
    requestID = if case .good(let id) = given { id } else { context.ids.next(at: receivedAt) }
  }

  var isHead: Bool { head.method == .head }
  var bodyLimit: Int { route?.bodyLimit ?? 0 }
  var isBodyOptional: Bool { route.map { $0.isBodyOptional || $0.method == nil } ?? false }

  /// Order of the checks: syntax (done), route, method, what `admit` asks, request id, size (contract, section 1). An answer, where
  /// one is given before the body is read.
  func find(in context: LoopContext, _ connection: Connection) -> Response? {
    do throws(Refusal) {
      let (request, route) = try match(context, connection)
      self.request = request
      self.route = route
      if let response = route.admit(request) { return response }
      if hasBadID, !route.replacesBadRequestID {
        throw refusal(.invalidHeader, "X-Request-ID must be 1 to 128 characters of A-Z a-z 0-9 . _ ~ - and stand once.")
      }
      return nil
    } catch {
      return error.response
    }
  }

  /// The body is whole. `nil` where no route was found.
  func reply(in context: LoopContext) -> Reply? {
    guard var request, let route else { return nil }
    request.body = body
    switch route.respond {
    case .immediate(let respond): return .now(respond(request))
    case .loopLocal(let local, let entrance):
      let responder = context.responder(local)
      if let response = responder.respondNow(to: request, at: entrance) { return .now(response) }
      return .later { [request] in await responder.respond(to: request, at: entrance) }
    case .suspending(let respond): return .later { [request] in await respond(request) }
    }
  }

  /// The answer with what the route adds to each of its own.
  func finished(_ response: Response) -> Response {
    guard let request, let finish = route?.finish else { return response }
    return finish(response, request)
  }

  /// Bodies hold passwords and codes, and their storage is given back to the allocator as it is.
  func wipe() { Secret.wipeStorage(of: body) }

  /// The log line. `reason`: why the answer is not the responder's, or goes nowhere.
  func record(_ response: Response, reason: String? = nil, in context: LoopContext) {
    context.record(
      RequestRecord(
        requestID: requestID, route: pattern, method: head.methodBytes, status: response.status, receivedAt: receivedAt, client: client,
        code: response.code, reason: reason ?? response.reason))
  }
}

/// How an answer comes.
enum Reply {
  case now(Response)
  /// To be run in a task on the loop: body and continuation run there, between two events.
  case later(@Sendable () async -> Response)
}

/// An answer that is given before the body is read.
private struct Refusal: Error {
  let response: Response

  init(_ response: Response) { self.response = response }
}

/// Route and method.
extension Exchange {
  private func match(_ context: LoopContext, _ connection: Connection) throws(Refusal) -> (Request, Route) {
    if head.isServerWide, !context.clients.edgeRequired {
      throw Refusal(.empty(.noContent, headers: [("Allow", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")]))
    }
    let resource: Router.Resource
    let parameters: [String]
    let (path, match) = context.paths.match(head)
    guard context.clients.serves(client.address, on: connection, match) else {
      context.clients.refusedAtEdge(client.address, receivedAt)
      throw refusal(.forbidden, "Only what comes through the edge is served here.")
    }
    switch match {
    case .found(let match, let values): (resource, parameters) = (match, values)
    case .notFound: throw refusal(.notFound, "There is nothing at this path.")
    case .malformed: throw refusal(.invalidRequest, "The path holds a percent-encoding that is not valid here.")
    }
    pattern = resource.pattern
    let request = Request(
      method: head.method, methodBytes: head.methodBytes, path: path, query: head.query, headers: head.headers, parameters: parameters,
      id: requestID, client: client.address, receivedAt: receivedAt)
    if let route = resource.route(for: head.method) { return (request, route) }
    guard let method = head.method else { throw refusal(.notImplemented, "This method is not known here.") }
    if method == .options {
      throw Refusal(context.preflight?(request) ?? .empty(.noContent, headers: [("Allow", resource.allow)]))
    }
    let problem = Problem(.methodNotAllowed, "This path takes \(resource.allow).", headers: [("Allow", resource.allow)])
    throw Refusal(problem.response(requestID: requestID))
  }

  private func refusal(_ code: ProblemCode, _ detail: String) -> Refusal {
    Refusal(Problem(code, detail).response(requestID: requestID))
  }
}
