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
  let enrollers: EnrollerChecks
  let permissions: PermissionChecks
  let crossOrigin: CrossOrigin
  /// Bytes.
  let bodyLimit: Int
  let denials: DenialTally
  let problems: Problems

  func route(_ row: RouteRow) -> Route {
    Route(
      row.method, row.path, bodyLimit: row.body == .none ? 0 : bodyLimit, isBodyOptional: row.body == .emptyJSON,
      admit: { request in refusal(of: request, row) },
      respond: .suspending { request in await respond(to: request, row) },
      finish: { response, request in finish(response, of: request, row) })
  }

  func route(_ row: ProbeRow) -> Route {
    Route(
      .get, row.path, bodyLimit: 0, isProbe: true,
      admit: { request in checks.refusal(of: request, pace: row.pace, body: .none)?.response(requestID: request.id) },
      respond: .immediate(row.answer))
  }

  /// A body is read and ignored: some gateways send the client's.
  func route(_ row: DecisionRow, _ responders: LoopLocal) -> Route {
    Route(
      nil, row.path, bodyLimit: Self.longestIgnoredBody, replacesBadRequestID: true, admit: { _ in nil },
      respond: .loopLocal(responders, entrance: row.dialect.rawValue), finish: { response, _ in row.dialect.finished(response) })
  }

  private static let longestIgnoredBody = 65_536

  private func refusal(of request: Request, _ row: RouteRow) -> Response? {
    guard let problem = checks.refusal(of: request, pace: row.pace, body: row.body) else { return nil }
    return counted(problem.response(requestID: request.id), to: request)
  }

  private func respond(to request: Request, _ row: RouteRow) async -> Response {
    counted(await answer(to: request, row), to: request)
  }

  private func answer(to request: Request, _ row: RouteRow) async -> Response {
    do {
      let caller = try await caller(of: request, row)
      let provenance = Provenance(actor: caller.actor, of: request)
      let call = Call(request: request, caller: caller, provenance: provenance, pacing: checks.pacing, paceClass: row.pace)
      return try await row.endpoint.respond(to: call)
    } catch {
      return problems.problem(for: error, requestID: request.id).response(requestID: request.id)
    }
  }

  private func caller(of request: Request, _ row: RouteRow) async throws -> Caller {
    switch row.access {
    case .anyone, .clientOfForm: return .anyone
    case .signIn:
      try verify(request, row)
      guard let application = try await clients.application(of: request) else { return .anyone }
      try checks.pacing.admit(application, to: request, row.pace)
      return .application(application)
    case .user:
      try verify(request, row)
      let session = try await users.session(of: request)
      try checks.pacing.admit(session.account, to: request, row.pace)
      return .user(session)
    case .enroller:
      try verify(request, row)
      let (caller, account) = try await enrollers.caller(of: request)
      try checks.pacing.admit(account, to: request, row.pace)
      return caller
    case .permission(let needed):
      let standing = try await permissions.standing(of: request, for: needed)
      try checks.pacing.admit(standing, to: request, row.pace)
      try QueryParameters(request).finish(known: row.query)
      return .holder(standing)
    }
  }

  private func verify(_ request: Request, _ row: RouteRow) throws {
    if let problem = verification.refusal(of: request, on: row.path) { throw problem }
  }

  /// The one place where denials are counted for the record. Here and not in `finish`, which an answer that nobody waits for
  /// does not reach: who hangs up after a guess has guessed all the same.
  private func counted(_ response: Response, to request: Request) -> Response {
    if let code = response.code, code.isDenial {
      denials.count(code.rawValue, from: request.client.siteDescription, at: request.receivedAt)
    }
    return response
  }

  /// What every answer of a row carries, whoever made it: for a sign-in `X-Auth-Outcome`, so that an edge can count failures.
  private func finish(_ response: Response, of request: Request, _ row: RouteRow) -> Response {
    var response = row.compression == .allowed ? AnswerCompression.compress(response, for: request) : response
    response = crossOrigin.share(checks.pacing.describe(response, to: request, row.pace), with: request)
    switch row.access {
    case .signIn, .enroller: response.setHeader("X-Auth-Outcome", response.code?.rawValue ?? "ok")
    default: break
    }
    return response
  }
}

extension ProblemCode {
  /// Whether somebody was refused for who they are or what they do. Asking for the second factor is the way of a sign-in, while
  /// a wrong challenge may be a guess, though its status is that of a bad request.
  fileprivate var isDenial: Bool {
    switch self {
    case .mfaRequired: false
    case .invalidChallenge, .factorUnavailable: true
    default: [401, 403, 429].contains(status.rawValue)
    }
  }
}
