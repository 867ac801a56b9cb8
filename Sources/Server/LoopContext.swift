private import Glibc
internal import HTTP
internal import Primitives
internal import Telemetry
internal import Transport

/// What the connections of one loop share. Touched only on that loop.
final class LoopContext {
  let loop: EventLoop
  let router: Router
  var paths: RecentPaths
  let settings: ServerSettings
  let preflight: (@Sendable (Request) -> Response?)?
  let now: Now
  /// Whose word on a client is believed, and whether only the edge's requests are taken.
  let clients: ClientRules
  var ids = RequestIDs()
  var isDraining = false
  /// Answers tell browsers to come by https only.
  var isStrict = false
  /// Answers of the turn at hand, before they go to the socket: one block, reused.
  var output: [UInt8] = []
  var date = DateHeader()
  /// What HTTP/2 connections share; made for the first.
  private(set) lazy var http2 = HTTP2Library(isStrict: isStrict)
  private var local: [ObjectIdentifier: any LoopResponder] = [:]
  private var lines = LogLines()
  private var lastAcceptFailureAt: Instant?
  /// The log tells of one a second.
  private var lastHeaderRefusalAt: Instant?
  private var lastRefusalAt: Instant?
  private let log: Log

  init(
    loop: EventLoop, router: Router, settings: ServerSettings, preflight: (@Sendable (Request) -> Response?)?, clients: ClientRules,
    log: Log, now: Now
  ) {
    self.loop = loop
    self.router = router
    paths = RecentPaths(router)
    self.settings = settings
    self.preflight = preflight
    self.clients = clients
    self.log = log
    self.now = now
    output.reserveCapacity(16 << 10)
  }

  /// This loop's own, made when it is first asked for.
  func responder(_ factory: LoopLocal) -> any LoopResponder {
    if let known = local[ObjectIdentifier(factory)] { return known }
    let made = factory.make()
    local[ObjectIdentifier(factory)] = made
    return made
  }

  /// One line a request. Neither path nor query is in it, for they may hold what is nobody's business; the route's pattern is.
  func record(_ entry: RequestRecord) {
    let time = now()
    lines.line(.info, "request", at: time) { line in
      line.field("request_id", utf8: entry.requestID.utf8)
      line.field("route", utf8: entry.route.utf8)
      line.field("method", utf8: entry.method)
      line.field("status", Int(entry.status.rawValue))
      line.field("duration_us", Int(max(0, (time - entry.receivedAt).inMicroseconds)))
      line.field("client", utf8: entry.client.text)
      if let edge = entry.client.address.edge { line.edge(edge) }
      if let code = entry.code { line.field("code", utf8: code.rawValue.utf8) }
      if let reason = entry.reason { line.field("reason", utf8: reason.utf8) }
    }
    if lines.bytes.count > 32 << 10 { flushLog() }
  }

  /// Out of descriptors or memory. The listener tries again every tick; the log says so once a second.
  func acceptFailed(_ code: Int32) {
    let time = now()
    guard lastAcceptFailureAt.map({ time - $0 >= .seconds(1) }) ?? true else { return }
    lastAcceptFailureAt = time
    log.error("accept_failed", ("error", .string(String(cString: strerror(code)))))
  }

  /// What a connection of this peer has to begin with: a header of the PROXY protocol, or nothing.
  func announcement(of peer: PeerAddress) -> ProxyHeaderStage? {
    guard clients.takesProxyHeaders, clients.proxies.current.announces(peer) else { return nil }
    return ProxyHeaderStage(timeout: settings.headerTimeout) { [self] refusal in
      let time = now()
      guard lastHeaderRefusalAt.map({ time - $0 >= .seconds(1) }) ?? true else { return }
      lastHeaderRefusalAt = time
      log.warning("proxy_header_refused", ("reason", .string(refusal.rawValue)), ("proxy", .string(peer.description)))
    }
  }

  /// A proxy did not say as it should who called. Once a minute for each kind.
  func doubted(_ client: ClientAddress) {
    guard case .unproven(let dialect, let doubt) = client.proof, clients.doubts.isNews(dialect, doubt, at: now()) else { return }
    log.warning(
      "client_unproven", ("dialect", .string(dialect.rawValue)), ("reason", .string(doubt.rawValue)),
      ("proxy", .string(client.peer.description)))
  }

  /// What a connection gets that there is no room for; nothing where that could not be read. The log says so once a second.
  func refusal(isSilent: Bool) -> [UInt8] {
    let time = now()
    if lastRefusalAt.map({ time - $0 >= .seconds(1) || time < $0 }) ?? true {
      lastRefusalAt = time
      log.warning("connections_refused")
    }
    guard !isSilent else { return [] }
    let id = ids.next(at: time)
    let problem = Problem(
      .overloaded, "There are too many connections just now; try again after the time in Retry-After.", headers: [("Retry-After", "5")])
    var bytes: [UInt8] = []
    date.update(time)
    ResponseEncoder.encode(
      problem.response(requestID: id),
      ResponseEncoder.Context(requestID: id, isHead: false, isPersistent: false, announcesPersistence: false), date: date, into: &bytes)
    return bytes
  }

  func flushLog() { log.submit(&lines) }
}

struct RequestRecord {
  let requestID: String
  let route: String
  let method: ArraySlice<UInt8>
  let status: Status
  let receivedAt: Instant
  let client: RequestClient
  var code: ProblemCode?
  /// Why a message was no request.
  var reason: String?
}
