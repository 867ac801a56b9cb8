internal import Glibc
package import HTTP
package import Primitives
package import Telemetry
package import Transport

/// Serves a route table over HTTP on one event loop per core.
package final class HTTPServer: Sendable {
  private let settings: ServerSettings
  private let contexts: [ServerLoop]
  private let quota: ConnectionQuota
  private let log: Log

  /// `preflight` may answer an OPTIONS request before the table does: that is where CORS goes. `tls`: what every listener speaks;
  /// `nil` is plain. `isStrict`: answers tell browsers to come by https only (RFC 6797).
  package init(
    settings: ServerSettings, routes: [Route], preflight: (@Sendable (Request) -> Response?)? = nil, clients: ClientRules = .direct,
    tls: LiveTLS? = nil, isStrict: Bool = false, log: Log, now: Now
  ) throws {
    let router = try Router(routes)
    let count = settings.loops > 0 ? settings.loops : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    self.settings = settings
    self.log = log
    quota = ConnectionQuota(most: settings.connections, mostPerAddress: settings.connectionsPerAddress)
    contexts = try (0..<count).map { index in
      let loop = try EventLoop(label: "loop-\(index)", mostHeldOutput: settings.unreadOutput, mostHeldInput: settings.unfinishedInput)
      let context = LoopContext(
        loop: loop, router: router, settings: settings, preflight: preflight, clients: clients, log: log, now: now)
      context.isStrict = isStrict
      return ServerLoop(loop: loop, context: context, tls: tls)
    }
  }

  /// The executors, for work that should stay beside the connections.
  package var loops: [EventLoop] { contexts.map(\.loop) }

  /// Opens the listeners and serves, on those too that were inherited. Returns the addresses with the ports that the system chose.
  /// Once; on failure nothing is left open. `mode`: of the files of Unix-domain sockets.
  package func start(
    on addresses: [ListenAddress], inherited: [Listener] = [], mode: UInt32 = 0o600
  ) throws(ListenError) -> [ListenAddress] {
    var bound = inherited.map(\.address)
    var listeners: [[Listener]] = contexts.map { _ in inherited }
    do throws(ListenError) {
      for address in addresses {
        var chosen = address
        for index in contexts.indices {
          // A Unix-domain path has one socket; it lives on the first loop.
          if index > 0, case .unix = address { break }
          let listener = try Listener(chosen, isFirst: index == 0, mode: mode)
          chosen = listener.address
          listeners[index].append(listener)
        }
        bound.append(chosen)
      }
    } catch {
      for listener in listeners.joined() { listener.close() }
      throw error
    }
    for (context, listeners) in zip(contexts, listeners) { context.start(listeners, quota) }
    return bound
  }

  /// Open connections.
  package var openConnections: Int { quota.open }

  /// Stops accepting, answers what is in flight with `Connection: close`, and returns when every connection is gone or `timeout`
  /// has passed; then the rest is cut. Call once.
  package func drain(within timeout: Duration) async {
    let deadline = ContinuousClock.now + timeout
    let grace = min(timeout / 2, .milliseconds(500))
    for context in contexts { context.drain(grace: grace) }
    while quota.open > 0 || !contexts.allSatisfy(\.hasStoppedListening), ContinuousClock.now < deadline {
      try? await Task.sleep(for: .milliseconds(5))
    }
    if quota.open > 0 { log.warning("drain_incomplete", ("connections", .integer(quota.open))) }
    for context in contexts { context.stop() }
    for context in contexts { await context.stopped() }
    log.flush()
  }
}
