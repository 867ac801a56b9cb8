internal import Cryptography
internal import Defense
internal import HTTP
internal import Identity
internal import Primitives

/// How often somebody may call, by the row's class: one address and everybody together before anything else is looked at; one
/// application, one of its keys and one account as soon as they are known.
struct Pacing: Sendable {
  let limiter: PaceLimiter
  let settings: PaceSettings

  /// A process of this machine that may open the Unix socket is not paced.
  func refusal(of request: Request, _ paceClass: PaceClass) -> Problem? {
    guard settings.isEnabled, let site = request.client.site, let pace = settings.address[paceClass],
      let total = settings.total[paceClass]
    else { return nil }
    let key = PaceKey.address(paceClass, site)
    if let problem = refusal(key, pace, .address, paceClass, at: request.receivedAt) { return problem }
    guard let problem = refusal(.total(paceClass), total, .total, paceClass, at: request.receivedAt) else { return nil }
    // Refused for what others do: that shall not count.
    limiter.giveBack(key, at: pace)
    return problem
  }

  func admit(_ application: Application, to request: Request, _ paceClass: PaceClass) throws(Problem) {
    guard settings.isEnabled else { return }
    let at = request.receivedAt
    try admit(.application(paceClass, application.id.bytes), settings.application[paceClass], .application, paceClass, at)
    guard let text = request.headers["x-api-key"], let key = OpaqueCredential(parsing: text, as: .apiKey) else { return }
    try admit(.key(paceClass, key.id), settings.key[paceClass], .key, paceClass, at)
  }

  func admit(_ account: Account, to request: Request, _ paceClass: PaceClass) throws(Problem) {
    guard settings.isEnabled else { return }
    try admit(.account(paceClass, account.id.bytes), settings.account[paceClass], .account, paceClass, request.receivedAt)
  }

  func admit(_ standing: Standing, to request: Request, _ paceClass: PaceClass) throws(Problem) {
    if let account = standing.account {
      try admit(account, to: request, paceClass)
    } else if let application = standing.application {
      try admit(application, to: request, paceClass)
    }
  }

  /// What is said with every answer of a paced route: the address's bucket. Of the others nothing is said until they refuse, for
  /// what an account or application has left tells what somebody else does with it.
  func describe(_ response: Response, to request: Request, _ paceClass: PaceClass) -> Response {
    guard settings.isEnabled, let site = request.client.site, let pace = settings.address[paceClass],
      response.header("RateLimit") == nil
    else { return response }
    let standing = limiter.standing(of: .address(paceClass, site), at: pace, now: request.receivedAt)
    var response = response
    response.headers += RateLimitFields.headers(paceClass.rawValue, pace, standing)
    return response
  }

  private func admit(
    _ key: PaceKey, _ pace: Pace?, _ dimension: PaceDimension, _ paceClass: PaceClass, _ now: Instant
  ) throws(Problem) {
    if let pace, let problem = refusal(key, pace, dimension, paceClass, at: now) { throw problem }
  }

  private func refusal(
    _ key: PaceKey, _ pace: Pace, _ dimension: PaceDimension, _ paceClass: PaceClass, at now: Instant
  ) -> Problem? {
    guard case .limited(let seconds) = limiter.take(key, at: pace, now: now) else { return nil }
    let standing = limiter.standing(of: key, at: pace, now: now)
    return Problem(
      .rateLimited, "Too many requests \(dimension.phrase); try again in \(seconds) s.",
      headers: [retryAfter(.seconds(seconds))] + RateLimitFields.headers(dimension.policy(paceClass), pace, standing))
  }
}

/// By what is counted.
enum PaceDimension: String, Sendable {
  case address, account, application, key, total

  /// The name of the policy in `RateLimit`: that of the class, with what is counted behind it where that is not the address.
  func policy(_ paceClass: PaceClass) -> String { self == .address ? paceClass.rawValue : "\(paceClass.rawValue)-\(rawValue)" }

  fileprivate var phrase: String {
    switch self {
    case .address: "from this address"
    case .account: "for this account"
    case .application: "from this application"
    case .key: "with this key"
    case .total: "to this server"
    }
  }
}

/// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): lists of structured fields (RFC 9651). `q` is
/// the burst, `w` the seconds in which an empty bucket becomes full, `r` what would pass now, `t` the seconds until it is full.
enum RateLimitFields {
  static func headers(_ policy: String, _ pace: Pace, _ standing: PaceStanding) -> [(name: String, value: String)] {
    let window = max(1, (pace.burst * 60 + pace.perMinute - 1) / pace.perMinute)
    return [
      ("RateLimit-Policy", "\"\(policy)\";q=\(pace.burst);w=\(window)"),
      ("RateLimit", "\"\(policy)\";r=\(standing.remaining);t=\(standing.secondsUntilFull)"),
    ]
  }
}
