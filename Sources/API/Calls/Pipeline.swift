internal import HTTP
internal import Identity
internal import Journal
internal import Primitives
internal import Server

/// Everything between a route's row and its endpoint, in the contract's order: pace, media type and headers before the body is
/// read; added verification, caller, endpoint after. No endpoint can forget a step, for none has it in hand.
struct Pipeline: Sendable {
  let checks: RequestChecks
  let verification: VerificationCheck
  let clients: ClientChecks
  let users: UserChecks
  let crossOrigin: CrossOrigin
  /// Bytes.
  let bodyLimit: Int
  let denials: DenialTally
  let problems: Problems

  func route(_ row: RouteRow) -> Route {
    Route(
      row.method, row.path, bodyLimit: row.body == .none ? 0 : bodyLimit,
      admit: { request in refusal(of: request, row) },
      respond: .suspending { request in await respond(to: request, row) },
      finish: { response, request in finish(response, of: request, row) })
  }

  func route(_ row: ProbeRow) -> Route {
    Route(
      .get, row.path, bodyLimit: 0,
      admit: { request in checks.refusal(of: request, pace: row.pace, body: .none)?.response(requestID: request.id) },
      respond: .immediate(row.answer))
  }

  private func refusal(of request: Request, _ row: RouteRow) -> Response? {
    guard let problem = checks.refusal(of: request, pace: row.pace, body: row.body) else { return nil }
    return answer(problem, to: request, row)
  }

  private func respond(to request: Request, _ row: RouteRow) async -> Response {
    do {
      let caller = try await caller(of: request, row)
      let provenance = Provenance(actor: caller.actor, requestID: request.id, address: request.peer.description)
      let response = try await row.endpoint.respond(to: Call(request: request, caller: caller, provenance: provenance))
      return finish(response, of: request, row)
    } catch {
      return answer(problems.problem(for: error, requestID: request.id), to: request, row)
    }
  }

  private func caller(of request: Request, _ row: RouteRow) async throws -> Caller {
    switch row.access {
    case .anyone, .clientOfForm: return .anyone
    case .signIn:
      if let problem = verification.refusal(of: request) { throw problem }
      return try await clients.application(of: request).map(Caller.application) ?? .anyone
    case .user: return .user(try await users.session(of: request))
    }
  }

  /// A problem's answer; counted in the record where somebody was refused for who they are or what they do.
  private func answer(_ problem: Problem, to request: Request, _ row: RouteRow) -> Response {
    if [401, 403, 429].contains(problem.status.rawValue) {
      denials.count(problem.code.rawValue, from: request.peer.description, at: request.receivedAt)
    }
    return finish(problem.response(requestID: request.id), of: request, row)
  }

  /// `X-Auth-Outcome` on every answer of a sign-in, so that an edge can count failures.
  private func finish(_ response: Response, of request: Request, _ row: RouteRow) -> Response {
    var response = crossOrigin.share(response, with: request)
    guard case .signIn = row.access else { return response }
    response.setHeader("X-Auth-Outcome", response.code?.rawValue ?? "ok")
    return response
  }
}
