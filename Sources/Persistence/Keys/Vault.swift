internal import Cryptography
package import Primitives
private import Synchronization

/// Keys at rest: seals what the database must hold and nobody may read, derives subkeys, keeps the peppers.
///
/// The master key seals a keyring of random keys; those seal columns. So the master key can change without touching every row,
/// and a row's box says which generation opens it.
package final class Vault: Sendable {
  private let database: any Database
  // A mutex: held to copy or replace a few references.
  private let keyring: Mutex<Keyring>
  private let index: Secret
  // What was derived, for a derivation costs four HMACs, more than what most keys are then used for: as many as there are purposes and
  // labels in this program, times the generations that are held.
  // A look along a dozen purposes takes less than hashing one.
  private let sealing = Mutex<[SealingKey]>([])
  private let subkeys = Mutex<[String: Secret]>([:])

  private struct SealingKey {
    let generation: Int
    let purpose: String
    let key: AESGCM.Key
  }

  private init(_ database: any Database, _ keyring: Keyring, index: Secret) {
    self.database = database
    self.keyring = Mutex(keyring)
    self.index = index
  }

  /// Opens the keyring, or makes it in a new database. Throws `VaultError`.
  package static func open(_ database: any Database, _ master: MasterKey, now: Now) async throws -> Vault {
    let at = now()
    let keyring = try await database.transaction { db in
      let store = KeyringStore(db, master: master)
      var keyring = try store.keyring()
      guard keyring.keys.isEmpty else { return keyring }
      for purpose in Keyring.Purpose.allCases {
        let key = Secret.random(count: 32)
        try store.insert(key, purpose, 1, at: at)
        keyring.add(key, purpose, 1)
      }
      return keyring
    }
    guard keyring.isComplete, let index = keyring.newest(.index)?.key else { throw VaultError.incompleteKeyring }
    return Vault(database, keyring, index: index)
  }

  /// A box that opens only as `purpose` for `row`: format version, key generation, then AES-256-GCM.
  package func seal(_ plaintext: Secret, as purpose: String, for row: [UInt8]) throws -> [UInt8] {
    guard let generation = keyring.withLock({ $0.newest(.data)?.generation }), let key = key(generation, purpose) else {
      throw VaultError.incompleteKeyring
    }
    let box = try key.seal(plaintext, authenticated: Self.place(purpose, row))
    return Self.header(generation) + box
  }

  /// Throws `VaultError.notAuthentic` for a box that was changed, or moved from another row or column.
  package func open(_ sealed: [UInt8], as purpose: String, for row: [UInt8]) throws -> Secret {
    guard let generation = Self.generation(of: sealed), let key = key(generation, purpose),
      let plaintext = key.open(sealed.dropFirst(Self.headerLength), authenticated: Self.place(purpose, row))
    else { throw VaultError.notAuthentic(purpose: purpose) }
    return plaintext
  }

  /// Whether a box lies under an older key than the newest.
  package func isOutdated(_ sealed: [UInt8]) -> Bool {
    Self.generation(of: sealed) != keyring.withLock { $0.newest(.data)?.generation }
  }

  /// A key for keyed digests: the same for the life of the database.
  package func subkey(_ label: String) -> Secret {
    if let key = subkeys.withLock({ $0[label] }) { return key }
    let key = HKDF.derive(index, info: "credentialflow index " + label)
    subkeys.withLock { $0[label] = key }
    return key
  }

  /// The pepper for new hashes.
  package func pepper() throws(VaultError) -> (generation: Int, key: Secret) {
    guard let newest = keyring.withLock({ $0.newest(.pepper) }) else { throw .incompleteKeyring }
    return newest
  }

  package func pepper(generation: Int) -> Secret? { keyring.withLock { $0.key(.pepper, generation) } }

  /// Whether `master` is the key that opens the database's keyring at this moment.
  package func isSealed(under master: MasterKey) async throws -> Bool {
    do {
      return try await database.read { db in try !KeyringStore(db, master: master).keyring().keys.isEmpty }
    } catch VaultError.wrongMasterKey {
      return false
    }
  }

  /// Seals the keyring under another master key, and begins new generations for columns and peppers. In one transaction: with
  /// its commit the old master key opens nothing any more. What is sealed under the old generations is for
  /// `isOutdated` to find; `forgetOldDataKeys` ends it. `record` writes in the same transaction.
  package func rotate(
    to master: MasterKey, at instant: Instant, record: @escaping @Sendable (any Transaction) throws -> Void
  ) async throws {
    let current = keyring.withLock { $0 }
    let rotated = try await database.transaction { db in
      let store = KeyringStore(db, master: master)
      var rotated = current
      for (purpose, generations) in current.keys {
        for (generation, key) in generations { try store.reseal(key, purpose, generation) }
      }
      for purpose in [Keyring.Purpose.data, .pepper] {
        let key = Secret.random(count: 32)
        let next = (current.newest(purpose)?.generation ?? 0) + 1
        try store.insert(key, purpose, next, at: instant)
        rotated.add(key, purpose, next)
      }
      try record(db)
      return rotated
    }
    keyring.withLock { $0 = rotated }
  }

  /// Called when no column is outdated any more.
  package func forgetOldDataKeys() async throws {
    guard let newest = keyring.withLock({ $0.newest(.data) }) else { return }
    try await database.transaction { db in try KeyringStore.delete(.data, before: newest.generation, db) }
    keyring.withLock { $0.remove(.data, before: newest.generation) }
    sealing.withLock { $0 = [] }
  }

  package var hasOldDataKeys: Bool { keyring.withLock { ($0.keys[.data]?.count ?? 0) > 1 } }

  private static let headerLength = 5

  private static func header(_ generation: Int) -> [UInt8] {
    [1] + (0..<4).map { UInt8(truncatingIfNeeded: generation >> (24 - 8 * $0)) }
  }

  private static func generation(of sealed: [UInt8]) -> Int? {
    guard sealed.count > headerLength, sealed[0] == 1 else { return nil }
    return sealed[1..<headerLength].reduce(0) { $0 << 8 | Int($1) }
  }

  /// `nil` for a generation that is forgotten, or was never here.
  private func key(_ generation: Int, _ purpose: String) -> AESGCM.Key? {
    func isIt(_ known: SealingKey) -> Bool { known.generation == generation && known.purpose == purpose }
    if let known = sealing.withLock({ $0.first(where: isIt) }) { return known.key }
    guard let secret = keyring.withLock({ $0.key(.data, generation) }) else { return nil }
    let key = AESGCM.Key(HKDF.derive(secret, info: "credentialflow seal " + purpose))
    sealing.withLock { known in
      // Another may have been as fast.
      known.removeAll(where: isIt)
      known.append(SealingKey(generation: generation, purpose: purpose, key: key))
    }
    // It may have been forgotten meanwhile.
    if keyring.withLock({ $0.key(.data, generation) }) == nil { sealing.withLock { $0.removeAll(where: isIt) } }
    return key
  }

  private static func place(_ purpose: String, _ row: [UInt8]) -> [UInt8] {
    var place: [UInt8] = []
    place.reserveCapacity(purpose.utf8.count + 1 + row.count)
    place += purpose.utf8
    place.append(0)
    place += row
    return place
  }
}
