internal import Cryptography
internal import Primitives

/// The rows of `keyring`: random keys, each sealed under the master key and bound to its place.
struct KeyringStore {
  private let db: any Transaction
  private let wrapping: Secret

  init(_ db: any Transaction, master: MasterKey) {
    self.db = db
    wrapping = master.wrapping
  }

  func insert(_ key: Secret, _ purpose: Keyring.Purpose, _ generation: Int, at instant: Instant) throws {
    let sealed = try AESGCM.seal(key, key: wrapping, authenticated: place(purpose.rawValue, generation))
    try db.run(
      """
      INSERT INTO keyring (purpose, generation, sealed, created_at)
      VALUES (\(purpose.rawValue), \(generation), \(sealed), \(instant))
      """)
  }

  /// Throws `wrongMasterKey` where a row does not open.
  func keyring() throws -> Keyring {
    var keyring = Keyring()
    for row in try db.rows("SELECT purpose, generation, sealed FROM keyring ORDER BY generation") {
      let name = try row.text("purpose")
      let generation = Int(try row.integer("generation"))
      guard let key = AESGCM.open(try row.bytes("sealed"), key: wrapping, authenticated: place(name, generation)) else {
        throw VaultError.wrongMasterKey
      }
      if let purpose = Keyring.Purpose(rawValue: name) { keyring.add(key, purpose, generation) }
    }
    return keyring
  }

  /// Seals a row anew: used by whoever changes the master key.
  func reseal(_ key: Secret, _ purpose: Keyring.Purpose, _ generation: Int) throws {
    let sealed = try AESGCM.seal(key, key: wrapping, authenticated: place(purpose.rawValue, generation))
    try db.run("UPDATE keyring SET sealed = \(sealed) WHERE purpose = \(purpose.rawValue) AND generation = \(generation)")
  }

  static func delete(_ purpose: Keyring.Purpose, before generation: Int, _ db: any Transaction) throws(DatabaseError) {
    try db.run("DELETE FROM keyring WHERE purpose = \(purpose.rawValue) AND generation < \(generation)")
  }

  private func place(_ purpose: String, _ generation: Int) -> [UInt8] { Array("keyring/\(purpose)/\(generation)".utf8) }
}

/// Every key that a database holds, opened.
struct Keyring: Sendable {
  enum Purpose: String, Sendable, CaseIterable {
    /// Under sealed columns.
    case data
    /// Under password hashes. Old generations stay as long as a hash needs them.
    case pepper
    /// Under keyed digests, which must stay the same: one generation for ever.
    case index
  }

  private(set) var keys: [Purpose: [Int: Secret]] = [:]

  mutating func add(_ key: Secret, _ purpose: Purpose, _ generation: Int) { keys[purpose, default: [:]][generation] = key }

  mutating func remove(_ purpose: Purpose, before generation: Int) {
    keys[purpose] = keys[purpose]?.filter { $0.key >= generation }
  }

  func key(_ purpose: Purpose, _ generation: Int) -> Secret? { keys[purpose]?[generation] }

  /// The newest generation.
  func newest(_ purpose: Purpose) -> (generation: Int, key: Secret)? {
    keys[purpose]?.max { $0.key < $1.key }.map { (generation: $0.key, key: $0.value) }
  }

  var isComplete: Bool { Purpose.allCases.allSatisfy { newest($0) != nil } }
}
