internal import HTTP
internal import Primitives
internal import Transport

/// The answer to what is no request, or not in time.
struct UnroutedAnswer {
  let requestID: String
  let response: Response
  private let error: RequestError
  private let client: RequestClient
  private let now: Instant

  /// `path` where it was read before the error. A request whose head is wrong may still say where it was going, and that route's
  /// answers have a form of their own.
  init(_ error: RequestError, path: String?, from client: RequestClient, in context: LoopContext) {
    self.error = error
    self.client = client
    now = context.now()
    requestID = context.ids.next(at: now)
    let problem = error.problem.response(requestID: requestID)
    guard let path, case .found(let resource, let parameters) = context.router.match(path), let finish = resource.routes.first?.finish
    else {
      response = problem
      return
    }
    let request = Request(method: nil, path: path, parameters: parameters, id: requestID, client: client.address, receivedAt: now)
    response = finish(problem, request)
  }

  func record(in context: LoopContext) {
    context.record(
      RequestRecord(
        requestID: requestID, route: "-", method: [], status: response.status, receivedAt: now, client: client, code: error.code,
        reason: "\(error)"))
  }
}
