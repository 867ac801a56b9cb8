package import Journal
package import Persistence
package import Primitives

/// The devices that an account knows: listed, and forgotten one by one.
package struct Devices: Sendable {
  private let database: any Database
  private let now: Now

  package init(database: any Database, now: Now) {
    self.database = database
    self.now = now
  }

  /// The last used first.
  package func list(of account: Account.ID) async throws -> [Device] {
    let at = now()
    return try await database.read { try DeviceStore($0).devices(of: account, at: at) }
  }

  /// False where the account knows no such device. Its sessions go on: they are ended by themselves. Asks for no proof: it takes
  /// something away.
  package func forget(_ id: Device.ID, of account: Account.ID, by provenance: Provenance) async throws -> Bool {
    let at = now()
    return try await database.transaction { db in
      guard try DeviceStore(db).delete(id, of: account, at: at) else { return false }
      try AuditLog(db).append(
        AuditEvent("device.forgotten", subject: "account:\(account)", ["device": "\(id)"]), by: provenance, at: at)
      return true
    }
  }
}
