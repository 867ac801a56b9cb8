package import Persistence
private import Synchronization

/// The roles as they stand, kept in memory until a committed transaction changes them.
package final class LiveRoleGraph: Sendable {
  private struct Reading {
    let graph: RoleGraph
    let stamp: Changes.Stamp
  }

  private let database: any Database
  // A mutex: held to copy or replace one reference.
  private let latest = Mutex<Reading?>(nil)

  package init(database: any Database) { self.database = database }

  /// To be asked before the transaction or snapshot that it is used in: inside a transaction one could see, and keep, what is
  /// undone later.
  package func current() async throws -> RoleGraph {
    if let reading = latest.withLock({ $0 }), database.changes.isCurrent(reading.stamp) { return reading.graph }
    let stamp = database.changes.stamp(of: .roles)
    let graph = try await database.read { try RoleGraphStore($0).graph() }
    // A reading that is outdated already must not replace a newer one.
    if database.changes.isCurrent(stamp) { latest.withLock { $0 = Reading(graph: graph, stamp: stamp) } }
    return graph
  }
}
