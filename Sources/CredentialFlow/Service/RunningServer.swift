internal import API
internal import CLinux
internal import Defense
internal import HTTP
internal import Identity
internal import Journal
internal import Primitives
internal import Server
internal import Telemetry
internal import Transport

/// The listeners and what runs beside them, from start to drain.
final class RunningServer: Sendable {
  private let world: HTTPServer
  private let operations: HTTPServer
  private let settings: Configuration
  private let folder: DataFolder
  private let denials: DenialRecorder
  private let pruning: Pruning
  private let keys: KeyRotation
  private let security: ListenerSecurity
  private let limiter: PaceLimiter
  /// Sends what stands in the outbox.
  let outbox: OutboxWorker
  /// Follows Cloudflare's list of its networks.
  let edge: CloudflareRefresh
  private let proxies: LiveProxies
  private let log: Log
  private let now: Now

  /// Descriptors that public connections leave to everything else: the database, the log, the listener for operations.
  private static let keptDescriptors = 384
  private static let mostOperationsConnections = 128
  private static let fewestConnections = 64

  init(
    api: PublicAPI, configuration: Configuration, folder: DataFolder, clients: ClientRules, denials: DenialRecorder, pruning: Pruning,
    keys: KeyRotation, limiter: PaceLimiter, outbox: OutboxWorker, edge: CloudflareRefresh, security: ListenerSecurity, log: Log, now: Now
  ) throws {
    let isStrict = security.world != nil || configuration.service.publicURL.hasPrefix("https://")
    var limits = configuration.limits
    let room = max(Self.fewestConnections, DescriptorLimit.current - Self.keptDescriptors)
    if limits.connections > room {
      log.warning("connections_limited", ("connections", .integer(room)), ("reason", .string("the limit on open files")))
      limits.connections = room
    }
    world = try HTTPServer(
      settings: limits, routes: api.publicRoutes, preflight: api.preflight, clients: clients, tls: security.world,
      isStrict: isStrict, log: log, now: now)
    // One loop and connections of its own: it answers a scraper and the operator, however busy the others are.
    limits.loops = 1
    limits.connections = min(limits.connections, Self.mostOperationsConnections)
    operations = try HTTPServer(
      settings: limits, routes: api.operationsRoutes, clients: ClientRules(proxies: clients.proxies), tls: security.operations,
      isStrict: security.operations != nil, log: log, now: now)
    settings = configuration
    self.folder = folder
    self.denials = denials
    self.pruning = pruning
    self.keys = keys
    self.security = security
    self.limiter = limiter
    self.outbox = outbox
    self.edge = edge
    proxies = clients.proxies
    self.log = log
    self.now = now
  }

  /// Starts the listeners, on what was inherited where something was; answers the addresses that they are bound to, the public one
  /// first.
  func start(listen: String?, inherited: InheritedSockets = .none) throws -> [String] {
    let wanted = inherited.world.isEmpty ? [try address(listen ?? settings.service.listen)] : []
    let open = try world.start(on: wanted, inherited: inherited.world, mode: settings.service.socketMode.bits)
    let closed = try operations.start(
      on: inherited.operations.isEmpty ? [try address(settings.operations.listen)] : [], inherited: inherited.operations,
      mode: settings.operations.socketMode.bits)
    for address in closed where !address.isLocal && !settings.operations.tls.isEnabled {
      log.warning("operations_exposed", ("listen", .string("\(address)")), ("advice", .string("'doctor' says what to do")))
    }
    let addresses = (open + closed).map(\.description)
    log.info("started", ("listen", .string(addresses.joined(separator: ", "))))
    return addresses
  }

  /// Whether every event loop answers: what the watchdog asks.
  func isAnswering() async -> Bool {
    for loop in world.loops + operations.loops {
      await Task(executorPreference: loop) {}.value
    }
    return true
  }

  /// SIGHUP: certificates and keys as they stand now.
  func reload(_ settings: ListenerSecurity.Settings) { security.reload(settings, log: log) }

  /// Writes the denials of every minute, takes certificates that have changed, forgets what is over, takes the signing keys to their next stage when it is due, and
  /// returns the memory of a burst. Ends when the task is cancelled.
  func maintain() async {
    async let following: Void = followEdge()
    while !Task.isCancelled {
      try? await Task.sleep(for: await pause())
      await denials.record(at: now())
      security.refresh()
      await attempt("pruning") { try await pruning.run() }
      await attempt("key rotation") { try await keys.advance() }
      limiter.trim(now: now())
      cf_return_memory()
    }
    await following
  }

  /// Beside everything else: the service that has the list may be slow.
  private func followEdge() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: .seconds(20))
      if proxies.usesEdge { await edge.runIfDue() }
    }
  }

  /// Until the next key's moment, at most 20 s.
  private func pause() async -> Duration {
    let untilNextKey = (try? await keys.pause()) ?? nil
    return min(.seconds(20), max(.seconds(1), untilNextKey ?? .seconds(20)))
  }

  private func attempt(_ what: String, _ work: () async throws -> Void) async {
    do {
      try await work()
    } catch {
      log.warning("maintenance failed", ("step", .string(what)), ("fault", .string("\(error)")))
    }
  }

  /// Takes no new connections and finishes what is under way, within `timeout`; writes what is still to be recorded.
  func drain(within timeout: Duration) async {
    async let world: Void = world.drain(within: timeout)
    async let operations: Void = operations.drain(within: timeout)
    _ = await (world, operations)
    await denials.record(at: now(), isFinal: true)
    security.refresh()
    log.info("stopped")
  }

  private func address(_ text: String) throws -> ListenAddress {
    guard let address = ListenAddress(text) else { throw Refusal("'\(text)' is no address to listen on; write HOST:PORT or unix:PATH") }
    guard case .unix(let path) = address, !path.hasPrefix("/") else { return address }
    guard let inside = ListenAddress("unix:\(folder.path)/\(path)") else { throw Refusal("the path of '\(text)' is too long for a socket") }
    return inside
  }
}
