internal import HTTP
internal import Primitives
internal import Transport

/// One request on its way to its answer.
struct Exchange {
  let head: RequestHead
  let requestID: String
  let receivedAt: Instant
  var pattern = "-"
  var route: Route?
  var request: Request?
  var body: [UInt8] = []

  /// The answer with what the route adds to each of its own.
  func finished(_ response: Response) -> Response {
    guard let request, let finish = route?.finish else { return response }
    return finish(response, request)
  }
}

/// One request and its answer.
extension HTTPSession {
  /// Order of the checks: syntax (done), route, method, what `admit` asks, request id, size (contract, section 1).
  func route(_ head: RequestHead) {
    let receivedAt = context.now()
    let given = RequestIDs.given(head.headers)
    let requestID = if case .good(let id) = given { id } else { context.ids.next(at: receivedAt) }
    var exchange = Exchange(head: head, requestID: requestID, receivedAt: receivedAt)
    do throws(Refusal) {
      let (request, route) = try find(&exchange)
      exchange.request = request
      exchange.route = route
      if let response = route.admit(request) { throw Refusal(response) }
      if given == .bad, !route.replacesBadRequestID {
        throw refusal(.invalidHeader, "X-Request-ID must be 1 to 128 characters of A-Z a-z 0-9 . _ ~ - and stand once.", exchange)
      }
      current = exchange
    } catch {
      machine.refuse(head)
      return answer(exchange, error.response)
    }
    accept(head, exchange.route)
  }

  func respond(_ body: [UInt8]) {
    guard let exchange = current, var request = exchange.request, let route = exchange.route else { return }
    request.body = body
    // Bodies hold passwords and codes, and their storage is given back to the allocator as it is.
    current?.body = body
    switch route.respond {
    case .immediate(let respond): complete(respond(request))
    case .loopLocal(let local, let entrance):
      let responder = context.responder(local)
      if let response = responder.respondNow(to: request, at: entrance) { return complete(response) }
      task = Task(executorPreference: context.loop) { [self, request] in
        let response = await responder.respond(to: request, at: entrance)
        resume(response)
      }
    case .suspending(let respond):
      // The loop is the task's executor: body and continuation run here, between two events.
      task = Task(executorPreference: context.loop) { [self, request] in
        let response = await respond(request)
        resume(response)
      }
    }
  }

  /// Answers what is no request, or not in time; then the connection closes.
  func fail(_ error: RequestError) {
    let exchange = current
    current = nil
    let now = context.now()
    let requestID = exchange?.requestID ?? context.ids.next(at: now)
    machine.answered()
    let problem = error.problem.response(requestID: requestID)
    let response = exchange?.finished(problem) ?? finishedUnrouted(problem, requestID, at: now)
    write(response, requestID, isHead: exchange?.head.method == .head, isOld: false)
    context.record(
      RequestRecord(
        requestID: requestID, route: exchange?.pattern ?? "-", method: exchange?.head.methodBytes ?? [], status: response.status,
        receivedAt: exchange?.receivedAt ?? now, client: client, code: error.code, reason: "\(error)"))
  }

  /// The answer of a suspending responder, from its task.
  private func resume(_ response: Response) {
    guard context.loop.isCurrent else { return context.loop.execute { [self] in resume(response) } }
    task = nil
    complete(response)
    if !connection.isClosed { processPending() }
  }

  /// The client went away while its answer was made: the answer goes nowhere, least of all into the buffer that all of the loop's
  /// connections share.
  private func abandon(_ exchange: Exchange, _ response: Response) {
    Secret.wipeStorage(of: exchange.body)
    context.record(
      RequestRecord(
        requestID: exchange.requestID, route: exchange.pattern, method: exchange.head.methodBytes, status: response.status,
        receivedAt: exchange.receivedAt, client: client, code: response.code, reason: "the client went away"))
  }

  private func complete(_ response: Response) {
    guard let exchange = current else { return }
    current = nil
    guard !connection.isClosed else { return abandon(exchange, response) }
    machine.answered()
    answer(exchange, response)
    Secret.wipeStorage(of: exchange.body)
  }

  private func accept(_ head: RequestHead, _ route: Route?) {
    do throws(RequestError) {
      let isBodyOptional = route.map { $0.isBodyOptional || $0.method == nil } ?? false
      try machine.accept(bodyLimit: route?.bodyLimit ?? 0, isBodyOptional: isBodyOptional)
      if head.expectsContinue, head.hasBody { context.output.append(contentsOf: ResponseEncoder.continueLine) }
    } catch {
      if case .fail(let error) = machine.fail(error) { fail(error) }
    }
  }

  private func answer(_ exchange: Exchange, _ answer: Response) {
    let response = exchange.finished(answer)
    write(response, exchange.requestID, isHead: exchange.head.method == .head, isOld: exchange.head.minorVersion == 0)
    context.record(
      RequestRecord(
        requestID: exchange.requestID, route: exchange.pattern, method: exchange.head.methodBytes, status: response.status,
        receivedAt: exchange.receivedAt, client: client, code: response.code, reason: response.reason))
  }

  /// A request whose head is wrong may still say where it was going, and that route's answers have a form of their own.
  private func finishedUnrouted(_ response: Response, _ requestID: String, at now: Instant) -> Response {
    guard let path = machine.path, case .found(let resource, let parameters) = context.router.match(path),
      let finish = resource.routes.first?.finish
    else { return response }
    let request = Request(
      method: nil, path: path, parameters: parameters, id: requestID, peer: connection.peer, receivedAt: now)
    return finish(response, request)
  }

  private func write(_ response: Response, _ requestID: String, isHead: Bool, isOld: Bool) {
    guard !connection.isClosed else { return }
    let isPersistent = machine.phase != .closing
    context.date.update(context.now())
    ResponseEncoder.encode(
      response,
      ResponseEncoder.Context(
        requestID: requestID, isHead: isHead, isPersistent: isPersistent, announcesPersistence: isOld, isStrict: context.isStrict),
      date: context.date, into: &context.output)
  }
}

/// An answer that is given before the body is read.
private struct Refusal: Error {
  let response: Response

  init(_ response: Response) { self.response = response }
}

/// Route and method.
extension HTTPSession {
  private func find(_ exchange: inout Exchange) throws(Refusal) -> (Request, Route) {
    let head = exchange.head
    if head.isServerWide { throw Refusal(.empty(.noContent, headers: [("Allow", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")])) }
    let path = head.path
    let resource: Router.Resource
    let parameters: [String]
    switch context.router.match(path) {
    case .found(let match, let values): (resource, parameters) = (match, values)
    case .notFound: throw refusal(.notFound, "There is nothing at this path.", exchange)
    case .malformed: throw refusal(.invalidRequest, "The path holds a percent-encoding that is not valid here.", exchange)
    }
    exchange.pattern = resource.pattern
    let request = Request(
      method: head.method, methodBytes: head.methodBytes, path: path, query: head.query, headers: head.headers, parameters: parameters,
      id: exchange.requestID,
      peer: connection.peer, receivedAt: exchange.receivedAt)
    if let route = resource.route(for: head.method) { return (request, route) }
    guard let method = head.method else { throw refusal(.notImplemented, "This method is not known here.", exchange) }
    if method == .options {
      throw Refusal(context.preflight?(request) ?? .empty(.noContent, headers: [("Allow", resource.allow)]))
    }
    let problem = Problem(.methodNotAllowed, "This path takes \(resource.allow).", headers: [("Allow", resource.allow)])
    throw Refusal(problem.response(requestID: exchange.requestID))
  }

  private func refusal(_ code: ProblemCode, _ detail: String, _ exchange: Exchange) -> Refusal {
    Refusal(Problem(code, detail).response(requestID: exchange.requestID))
  }
}
