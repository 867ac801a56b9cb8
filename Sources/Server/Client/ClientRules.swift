package import HTTP
package import Primitives
private import Synchronization

/// What a listener believes of who calls, and whom it serves.
package struct ClientRules: Sendable {
  package let proxies: LiveProxies
  /// Whether connections of peers that announce themselves have to begin with a header of the PROXY protocol.
  let takesProxyHeaders: Bool
  /// Whether what did not come through the edge is refused.
  let edgeRequired: Bool
  /// Told of everybody who was refused for that.
  let refusedAtEdge: @Sendable (ClientAddress, Instant) -> Void
  let doubts = DoubtLog()

  package init(
    proxies: LiveProxies, takesProxyHeaders: Bool = false, edgeRequired: Bool = false,
    refusedAtEdge: @escaping @Sendable (ClientAddress, Instant) -> Void = { _, _ in }
  ) {
    self.proxies = proxies
    self.takesProxyHeaders = takesProxyHeaders
    self.edgeRequired = edgeRequired
    self.refusedAtEdge = refusedAtEdge
  }

  /// Nobody is a proxy.
  package static var direct: ClientRules { ClientRules(proxies: LiveProxies(.none)) }
}

/// The proxies in force, replaced whole.
///
/// The lock is held for the copy of one reference; the counter lets a connection see without it that nothing has changed.
package final class LiveProxies: Sendable {
  private let table: Mutex<ProxyTable>
  private let count = Atomic<UInt64>(1)

  package init(_ table: ProxyTable) { self.table = Mutex(table) }

  package var current: ProxyTable { table.withLock { $0 } }

  /// Another one after every replacement; read it before `current`.
  var generation: UInt64 { count.load(ordering: .acquiring) }

  package func replace(with table: ProxyTable) {
    self.table.withLock { $0 = table }
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
