package import Persistence
internal import Primitives

/// After a rotation of the master key: walks every sealed column in small steps and seals anew what lies under an older key.
/// Can be cut short and begun again. Whoever adds a sealed column adds it here.
package struct Resealing: Sendable {
  private let database: any Database
  private let vault: Vault

  package init(database: any Database, vault: Vault) {
    self.database = database
    self.vault = vault
  }

  private static let step = 200

  /// Returns how many values were sealed anew.
  package func run() async throws -> Int {
    try await resealFactors() + resealSigningKeys() + resealOutbox()
  }

  private func resealFactors() async throws -> Int {
    var count = 0
    var last: [UInt8] = []
    while true {
      let position = last
      let (done, next) = try await database.transaction { db in try TOTPFactor(db, vault: vault).reseal(after: position, limit: Self.step) }
      count += done
      guard let next else { return count }
      last = next
    }
  }

  private func resealOutbox() async throws -> Int {
    var count = 0
    var last: [UInt8] = []
    while true {
      let position = last
      let (done, next) = try await database.transaction { db in try OutboxStore(db).reseal(vault, after: position, limit: Self.step) }
      count += done
      guard let next else { return count }
      last = next
    }
  }

  private func resealSigningKeys() async throws -> Int {
    try await database.transaction { db in try SigningKeyStore(db, vault: vault).reseal() }
  }
}
