internal import Defense
internal import HTTP
internal import Identity
internal import Primitives
internal import Server
internal import Telemetry
internal import Tokens

/// What decisions are made from; the same for every loop.
struct DecisionServices: Sendable {
  let rules: LiveRules
  let gate: Gate
  let tokens: AccessTokens
  let limiter: PaceLimiter
  /// `nil`: not paced.
  let pace: PaceSettings?
  let cacheSize: Int
  let log: Log
}

/// Answers the questions of gateways on one loop: may this request pass?
///
/// `@unchecked Sendable`: touched only on its loop, to which the tasks of `respond` belong too.
final class DecisionResponder: LoopResponder, @unchecked Sendable {
  private let services: DecisionServices
  private let memory: CredentialMemory
  private var rules: RuleSet
  private var generation: UInt64
  /// Made once: nothing in it changes.
  private let anonymousFields = IdentityHeaders.fields(of: nil)

  init(_ services: DecisionServices) {
    self.services = services
    memory = CredentialMemory(gate: services.gate, tokens: services.tokens, capacity: services.cacheSize)
    generation = services.rules.generation
    rules = services.rules.current
  }

  func respondNow(to request: Request, at entrance: Int) -> Response? {
    guard let dialect = Dialect(rawValue: entrance) else { return .empty(.notFound) }
    let sent = SentCredential(request.headers)
    let question: Question
    switch ask(request, dialect, isSent: sent.isSent) {
    case .success(let asked): question = asked
    case .failure(let denial): return dialect.answer(denial, requestID: request.id)
    }
    let verdict: CredentialMemory.Verdict?
    switch sent {
    case .none: verdict = .bad(.noCredentials)
    case .malformed: verdict = .bad(.invalidToken)
    case .token(let text):
      let digest = CredentialDigest(text, isKey: false)
      verdict = memory.recall(digest, at: request.receivedAt) ?? checked(token: text, digest, request)
    case .key(let text): verdict = memory.recall(CredentialDigest(text, isKey: true), at: request.receivedAt)
    case .both: verdict = nil
    }
    return verdict.map { answer(question, $0, request, dialect, isSent: sent.isSent) }
  }

  func respond(to request: Request, at entrance: Int) async -> Response {
    guard let dialect = Dialect(rawValue: entrance) else { return .empty(.notFound) }
    let sent = SentCredential(request.headers)
    let verdict = await learned(sent, request)
    // Asked only now: between a question and its answer the rules may have changed.
    switch ask(request, dialect, isSent: sent.isSent) {
    case .success(let question): return answer(question, verdict, request, dialect, isSent: sent.isSent)
    case .failure(let denial): return dialect.answer(denial, requestID: request.id)
    }
  }

  /// A question whose rule is found.
  private struct Question {
    let index: Int
    let match: Rule.Match
    let path: OriginalPath?
  }

  private func ask(_ request: Request, _ dialect: Dialect, isSent: Bool) -> Result<Question, Denial> {
    let current = services.rules.generation
    if current != generation {
      generation = current
      rules = services.rules.current
    }
    guard rules.isGateway(request.client.peer) else { return .failure(Denial(.noRule, hasCredential: isSent)) }
    let original = dialect.originalRequest(of: request)
    switch rules.select(named: dialect.ruleName(in: request), for: original) {
    case .rule(let index, let match): return .success(Question(index: index, match: match, path: original.path.value))
    case .none: return .failure(Denial(.noRule, hasCredential: isSent))
    case .ambiguousPath: return .failure(Denial(.ambiguousPath, hasCredential: isSent))
    }
  }

  private func answer(
    _ question: Question, _ verdict: CredentialMemory.Verdict, _ request: Request, _ dialect: Dialect, isSent: Bool
  ) -> Response {
    let rule = rules.rules[question.index]
    let now = request.receivedAt
    do throws(Refusal) {
      switch verdict {
      case .bad(let reason):
        // What everybody may see, a stale token is no reason to withhold.
        guard rule.isAnonymous else {
          if let client = paceableClient(of: request) { try pace(.client(client), at: now) }
          throw Refusal(Denial(reason, hasCredential: isSent, retryAfter: retryAfter(reason)))
        }
        return pass(try fields(of: nil, rule, at: now))
      case .good(let credential):
        try pace(.credential(credential.paceKey), at: now)
        guard !rule.isAnonymous else { return pass(try fields(of: credential, rule, at: now)) }
        let denial =
          credential.standingDenial(
            rules, generation, question.index, question.match, question.path, issuer: services.tokens.issuer)
          ?? Decision.freshnessDenial(rule, credential.principal, at: now)
        if let denial { throw Refusal(denial) }
        return pass(try fields(of: credential, rule, at: now))
      }
    } catch {
      var response = dialect.answer(error.denial, to: request, signInURL: rule.signInURL)
      response.headers += error.headers
      return response
    }
  }

  private func pass(_ fields: [UInt8]) -> Response {
    var response = Response(.ok)
    response.preparedFields = fields
    return response
  }

  private func fields(of credential: KnownCredential?, _ rule: Rule, at now: Instant) throws(Refusal) -> [UInt8] {
    guard let audience = rule.identityAudience else { return credential?.fields ?? anonymousFields }
    do {
      if let credential { return try credential.fields(for: audience, services.tokens, at: now) }
      // Nobody is no identity: the service behind sees an empty header.
      return anonymousFields
    } catch {
      services.log.error("identity_unsigned", ("fault", .string("\(error)")))
      throw Refusal(Denial(.unavailable, hasCredential: true, retryAfter: retryAfter(.unavailable)))
    }
  }
}

/// What memory cannot answer, and pace.
extension DecisionResponder {
  private func learned(_ sent: SentCredential, _ request: Request) async -> CredentialMemory.Verdict {
    do {
      switch sent {
      case .none: return .bad(.noCredentials)
      case .malformed: return .bad(.invalidToken)
      case .token(let text): return try await learned(token: text, request)
      case .key(let text): return try await learned(key: text, request)
      case .both(let token, let key):
        let byToken = try await learned(token: token, request)
        guard case .good(let bearer) = byToken, case .good(let keyed) = try await learned(key: key, request) else {
          if case .bad = byToken { return byToken }
          return .bad(.invalidToken)
        }
        // As at `POST /auth`: both must name the same application. Whose roles count is the token's business.
        let application = keyed.known.standing.application?.id
        guard application != nil, application == bearer.known.standing.application?.id else { return .bad(.invalidToken) }
        return byToken
      }
    } catch {
      services.log.error("decision_failed", ("request_id", .string(request.id)), ("fault", .string("\(error)")))
      return .bad(.unavailable)
    }
  }

  private func learned(token: ArraySlice<UInt8>, _ request: Request) async throws -> CredentialMemory.Verdict {
    let digest = CredentialDigest(token, isKey: false)
    if let verdict = memory.recall(digest, at: request.receivedAt) { return verdict }
    guard begins(request) else { return .bad(.rateLimited) }
    let verdict = try await memory.learn(token: token, digest, at: request.receivedAt)
    finished(request, verdict)
    return verdict
  }

  private func learned(key: ArraySlice<UInt8>, _ request: Request) async throws -> CredentialMemory.Verdict {
    let digest = CredentialDigest(key, isKey: true)
    if let verdict = memory.recall(digest, at: request.receivedAt) { return verdict }
    guard begins(request) else { return .bad(.rateLimited) }
    let verdict = try await memory.learn(apiKey: key, digest, at: request.receivedAt)
    finished(request, verdict)
    return verdict
  }

  private func checked(token: ArraySlice<UInt8>, _ digest: CredentialDigest, _ request: Request) -> CredentialMemory.Verdict? {
    guard begins(request) else { return .bad(.rateLimited) }
    let verdict = memory.check(token: token, digest, at: request.receivedAt)
    finished(request, verdict)
    return verdict
  }
}

/// A denial, and what its answer says beside it.
private struct Refusal: Error {
  let denial: Denial
  var headers: [(name: String, value: String)] = []

  init(_ denial: Denial, headers: [(name: String, value: String)] = []) {
    self.denial = denial
    self.headers = headers
  }
}

extension DecisionResponder {
  private func pace(_ key: PaceKey, at now: Instant) throws(Refusal) {
    guard let pace = services.pace?.decisions, case .limited(let seconds) = services.limiter.take(key, at: pace, now: now) else { return }
    throw Refusal(
      Denial(.rateLimited, hasCredential: true, retryAfter: seconds),
      headers: RateLimitFields.headers("decisions", pace, services.limiter.standing(of: key, at: pace, now: now)))
  }

  /// Before a signature or the store is asked, which costs more than any other answer: whether the client may bring one more
  /// credential that nobody here knows.
  private func begins(_ request: Request) -> Bool {
    guard let pace = services.pace?.unknownCredentials, let client = paceableClient(of: request) else { return true }
    return services.limiter.take(.unknown(client), at: pace, now: request.receivedAt) == .allowed
  }

  /// Only bad ones count: behind one address there may be many honest users. `nil`: good so far.
  private func finished(_ request: Request, _ verdict: CredentialMemory.Verdict?) {
    if case .bad(let reason) = verdict, reason != .unavailable { return }
    guard let pace = services.pace?.unknownCredentials, let client = paceableClient(of: request) else { return }
    services.limiter.giveBack(.unknown(client), at: pace)
  }

  /// The client that the gateway names, where it is one of the proxies that are believed. Never the gateway's own address, which all
  /// share.
  private func paceableClient(of request: Request) -> IPAddress? {
    guard services.pace != nil, request.client.isNamedByProxy else { return nil }
    return request.client.site
  }

  /// Seconds.
  private func retryAfter(_ reason: DenialReason) -> Int? {
    switch reason {
    case .unavailable: 5
    // One token comes back in that time.
    case .rateLimited: services.pace.map { max(1, (59 + $0.unknownCredentials.perMinute) / $0.unknownCredentials.perMinute) }
    default: nil
    }
  }
}
