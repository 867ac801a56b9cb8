internal import Cryptography
internal import Journal
package import Persistence
package import Primitives
package import Tokens

/// The signing keys in the store. Every algorithm that applications may choose has one active key, made at the first start.
package struct SigningKeys: Sendable {
  private let database: any Database
  private let vault: Vault
  private let now: Now

  package init(database: any Database, vault: Vault, now: Now) {
    self.database = database
    self.vault = vault
    self.now = now
  }

  /// Makes what is missing.
  package func makeMissing() async throws {
    let present = Set(try await list().filter { $0.state == .active }.map(\.key.algorithm))
    let at = now()
    for algorithm in SigningAlgorithm.allCases where !present.contains(algorithm) {
      // Outside the transaction: an RSA key takes a while, and the writer is one.
      let key = try SigningKey.generate(algorithm)
      try await database.transaction { db in
        guard try SigningKeyStore(db, vault: vault).insertActive(key, at: at) else { return }
        try AuditLog(db).append(.keyActivated(key), by: .system, at: at)
      }
    }
  }

  package func list() async throws -> [StoredKey] {
    try await database.read { try SigningKeyStore($0, vault: vault).keys() }
  }

  /// The set that tokens are issued and verified with.
  package func keySet() async throws -> KeySet {
    KeySet(try await list().map { KeySet.Entry($0.key, $0.state) })
  }
}

extension AuditEvent {
  fileprivate static func keyActivated(_ key: SigningKey) -> AuditEvent {
    AuditEvent("key.activated", subject: "key:\(key.thumbprint)", ["algorithm": key.algorithm.rawValue])
  }
}
