internal import Cryptography
internal import Persistence
package import Primitives

/// A device that has signed an account in: evidence that a source is known to the account, nothing more.
package struct Device: Sendable, Equatable {
  package typealias ID = Identifier<Device>

  package let id: ID
  package let account: Account.ID
  package let name: String

  static let lifetime = Duration.days(180)
  static let longestName = 100
}

/// The rows of `device`. A token (`cfd_…`) is stored as the digest of its secret.
struct DeviceStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// The account's device that this token names, `nil` where it is another's, wrong or over.
  func device(_ token: OpaqueCredential, of account: Account.ID, at instant: Instant) throws(DatabaseError) -> Device? {
    guard let id: Device.ID = token.identifier(),
      let row = try db.row("SELECT * FROM device WHERE id = \(id) AND account_id = \(account) AND expires_at > \(instant)"),
      ConstantTime.areEqual(try row.bytes("digest"), token.digest)
    else { return nil }
    return Device(id: id, account: account, name: try row.text("name"))
  }

  func device(_ id: Device.ID, of account: Account.ID, at instant: Instant) throws(DatabaseError) -> Device? {
    let row = try db.row("SELECT name FROM device WHERE id = \(id) AND account_id = \(account) AND expires_at > \(instant)")
    guard let row else { return nil }
    return Device(id: id, account: account, name: try row.text("name"))
  }

  func insert(_ device: Device, digest: [UInt8], at instant: Instant) throws(DatabaseError) {
    try db.run(
      """
      INSERT INTO device (id, account_id, digest, name, created_at, last_used_at, expires_at)
      VALUES (\(device.id), \(device.account), \(digest), \(device.name), \(instant), \(instant), \(instant + Device.lifetime))
      """)
  }

  /// The same device under a new secret.
  func rotate(_ id: Device.ID, digest: [UInt8], at instant: Instant) throws(DatabaseError) {
    try db.run(
      "UPDATE device SET digest = \(digest), last_used_at = \(instant), expires_at = \(instant + Device.lifetime) WHERE id = \(id)")
  }

  /// Keeps the newest `count` of an account's devices.
  func keepNewest(_ count: Int, of account: Account.ID) throws(DatabaseError) {
    try db.run(
      """
      DELETE FROM device WHERE account_id = \(account) AND id NOT IN (
        SELECT id FROM device WHERE account_id = \(account) ORDER BY last_used_at DESC, id DESC LIMIT \(count)
      )
      """)
  }

  func deleteAll(of account: Account.ID) throws(DatabaseError) { try db.run("DELETE FROM device WHERE account_id = \(account)") }
}
