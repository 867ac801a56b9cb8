internal import Cryptography
internal import Persistence
package import Primitives

/// A device that has signed an account in: evidence that a source is known to the account, nothing more.
package struct Device: Sendable, Equatable {
  package typealias ID = Identifier<Device>

  package let id: ID
  package let account: Account.ID
  package let name: String
  package let createdAt: Instant
  /// When its token was last replaced by another.
  package let lastUsedAt: Instant
  package let expiresAt: Instant
  /// When a sign-in from it last showed both factors.
  let provenAt: Instant?
  /// Of the token's secret.
  let digest: [UInt8]

  static let lifetime = Duration.days(180)
  static let longestName = 100
}

/// The configuration's `devices`.
package struct DeviceSettings: Settings {
  /// How long a device that showed both factors needs no second factor again; zero, as it should be, for never.
  package let trust: Duration

  package init(from reader: SettingsReader) throws(SettingsError) {
    trust = .days(Int64(try reader.integer("trust", default: 0, in: 0...90)))
  }

  /// A moment in the future is from a clock that has been set back, and proves nothing.
  func trusts(_ device: Device, at instant: Instant) -> Bool {
    guard trust > .zero, let provenAt = device.provenAt else { return false }
    return provenAt <= instant && instant < provenAt + trust
  }
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
    return try device(from: row)
  }

  func device(_ id: Device.ID, of account: Account.ID, at instant: Instant) throws(DatabaseError) -> Device? {
    let row = try db.row("SELECT * FROM device WHERE id = \(id) AND account_id = \(account) AND expires_at > \(instant)")
    return try row.map { row throws(DatabaseError) in try device(from: row) }
  }

  /// Those that an account knows, the last used first.
  func devices(of account: Account.ID, at instant: Instant) throws(DatabaseError) -> [Device] {
    var devices: [Device] = []
    for row in try db.rows(
      "SELECT * FROM device WHERE account_id = \(account) AND expires_at > \(instant) ORDER BY last_used_at DESC, id DESC LIMIT 100")
    { devices.append(try device(from: row)) }
    return devices
  }

  private func device(from row: Row) throws(DatabaseError) -> Device {
    Device(
      id: try row.identifier("id"), account: try row.identifier("account_id"), name: try row.text("name"),
      createdAt: try row.instant("created_at"), lastUsedAt: try row.instant("last_used_at"), expiresAt: try row.instant("expires_at"),
      provenAt: try row.instantIfPresent("proven_at"), digest: try row.bytes("digest"))
  }

  func insert(_ device: Device) throws(DatabaseError) {
    try db.run(
      """
      INSERT INTO device (id, account_id, digest, name, created_at, last_used_at, expires_at, proven_at)
      VALUES (\(device.id), \(device.account), \(device.digest), \(device.name), \(device.createdAt), \(device.lastUsedAt),
        \(device.expiresAt), \(device.provenAt))
      """)
  }

  /// The same device under a new secret. False where a parallel sign-in was first: its token is the one that is known now.
  func rotate(
    _ device: Device, digest: [UInt8], name: String, provenAt: Instant?, at instant: Instant
  ) throws(DatabaseError) -> Bool {
    try db.row(
      """
      UPDATE device SET digest = \(digest), last_used_at = \(instant), expires_at = \(instant + Device.lifetime),
        proven_at = \(provenAt), name = \(name)
      WHERE id = \(device.id) AND digest = \(device.digest) RETURNING id
      """) != nil
  }

  /// False where the account knows no such device.
  func delete(_ id: Device.ID, of account: Account.ID, at instant: Instant) throws(DatabaseError) -> Bool {
    try db.row(
      "DELETE FROM device WHERE id = \(id) AND account_id = \(account) AND expires_at > \(instant) RETURNING id") != nil
  }

  /// SQLite knows no offset without a limit.
  private static let mostAtOnce = 1_000

  /// Keeps the newest `count` of an account's devices.
  func keepNewest(_ count: Int, of account: Account.ID) throws(DatabaseError) {
    let rows = try db.rows(
      """
      SELECT id FROM device WHERE account_id = \(account)
      ORDER BY last_used_at DESC, id DESC LIMIT \(Self.mostAtOnce) OFFSET \(count)
      """)
    for row in rows { try db.run("DELETE FROM device WHERE id = \(try row.bytes("id"))") }
  }

  func deleteAll(of account: Account.ID) throws(DatabaseError) { try db.run("DELETE FROM device WHERE account_id = \(account)") }
}
