package import HTTP
package import Primitives
private import Synchronization
internal import Transport

/// What a listener believes of who calls, and whom it serves.
package struct ClientRules: Sendable {
  package let proxies: LiveProxies
  /// Whether connections of peers that announce themselves have to begin with a header of the PROXY protocol.
  let takesProxyHeaders: Bool
  /// Whether what did not come through the edge is refused.
  let edgeRequired: Bool
  /// Whether the edge has to show its certificate too.
  let edgeShowsCertificate: Bool
  /// Told of everybody who was refused for that.
  let refusedAtEdge: @Sendable (ClientAddress, Instant) -> Void
  /// Told of the site that a request comes from, as soon as that is known.
  let anticipates: @Sendable (IPAddress) -> Void
  let doubts = DoubtLog()

  package init(
    proxies: LiveProxies, takesProxyHeaders: Bool = false, edgeRequired: Bool = false, edgeShowsCertificate: Bool = false,
    refusedAtEdge: @escaping @Sendable (ClientAddress, Instant) -> Void = { _, _ in },
    anticipates: @escaping @Sendable (IPAddress) -> Void = { _ in }
  ) {
    self.proxies = proxies
    self.takesProxyHeaders = takesProxyHeaders
    self.edgeRequired = edgeRequired
    self.edgeShowsCertificate = edgeShowsCertificate
    self.refusedAtEdge = refusedAtEdge
    self.anticipates = anticipates
  }

  /// Where only the edge is served, this machine's own health checks still are.
  func serves(_ client: ClientAddress, on connection: Connection, _ match: Router.Match) -> Bool {
    let isShown = !edgeShowsCertificate || connection.clientCertificate != nil
    guard edgeRequired, !client.isThroughEdge || !isShown else { return true }
    guard case .found(let resource, _) = match else { return false }
    return (client.peer.address?.isLoopback ?? true) && resource.routes.allSatisfy(\.isProbe)
  }

  /// Nobody is a proxy.
  package static var direct: ClientRules { ClientRules(proxies: LiveProxies()) }
}

/// The proxies in force: entries of the configuration, and Cloudflare's ranges for those that name no networks. Either is replaced
/// whole.
///
/// The lock is held for the copy of a few references; the counter lets a connection see without it that nothing has changed.
package final class LiveProxies: Sendable {
  private struct State {
    var settings: [ProxySettings]
    var edge: [IPNetwork]
    var table: ProxyTable
  }

  private let state: Mutex<State>
  private let count = Atomic<UInt64>(1)

  package init(_ settings: [ProxySettings] = [], edge: [IPNetwork] = []) {
    state = Mutex(State(settings: settings, edge: edge, table: ProxyTable(settings, edge: edge)))
  }

  package var current: ProxyTable { state.withLock { $0.table } }

  /// Another one after every replacement; read it before `current`.
  var generation: UInt64 { count.load(ordering: .acquiring) }

  /// Whether Cloudflare's ranges matter to anybody.
  package var usesEdge: Bool { state.withLock { $0.settings.contains(where: \.isEdge) } }

  package func replace(_ settings: [ProxySettings]) { change { $0.settings = settings } }

  package func replace(edge: [IPNetwork]) { change { $0.edge = edge } }

  private func change(_ body: (inout State) -> Void) {
    state.withLock { state in
      body(&state)
      state.table = ProxyTable(state.settings, edge: state.edge)
    }
    count.wrappingAdd(1, ordering: .acquiringAndReleasing)
  }
}

/// Which doubts were logged lately: a proxy that is set up wrongly would otherwise fill the log.
final class DoubtLog: Sendable {
  private struct Kind: Hashable {
    let dialect: ProxyDialect
    let doubt: AddressDoubt
  }

  /// As many entries as there are kinds; touched only where a client is unproven.
  private let lastAt = Mutex<[Kind: Instant]>([:])

  func isNews(_ dialect: ProxyDialect, _ doubt: AddressDoubt, at now: Instant) -> Bool {
    lastAt.withLock { lastAt in
      let kind = Kind(dialect: dialect, doubt: doubt)
      if let last = lastAt[kind], now >= last, now - last < .seconds(60) { return false }
      lastAt[kind] = now
      return true
    }
  }
}
