package import Cryptography
package import Journal
package import Persistence
package import Primitives

/// What users do with the factors that they have: see them, remove one, get new recovery codes.
package struct OwnFactors: Sendable {
  private let database: any Database
  private let vault: Vault
  private let notices: Notices
  private let now: Now

  package init(database: any Database, vault: Vault, notices: Notices, now: Now) {
    self.notices = notices
    self.database = database
    self.vault = vault
    self.now = now
  }

  /// A factor as its owner sees it.
  package struct Listed: Sendable {
    package let factor: Factor
    /// Recovery codes that are left; `nil` for other kinds.
    package let remaining: Int?
    /// Where its codes go, masked; `nil` for other kinds.
    package let address: String?
  }

  /// The oldest first; what was begun and not confirmed in time is left out.
  package func list(of account: Account.ID) async throws -> [Listed] {
    let begin = now() - EnrollmentState.lifetime
    return try await database.read { db in
      let recipients = try CodeAddresses(db).recipients(of: account)
      return try FactorStore(db).factors(of: account).filter { $0.isConfirmed || $0.createdAt > begin }.map { factor in
        let codes = RecoveryCodes(db, vault: vault)
        return Listed(
          factor: factor, remaining: factor.method == .recoveryCode ? try codes.remaining(of: factor.id) : nil,
          address: recipients[factor.id]?.masked)
      }
    }
  }

  package enum RemoveOutcome: Sendable, Equatable {
    case removed
    case unproven
    case unknown
    /// An account keeps one. The proof is not spent.
    case last
  }

  /// Whether it is the last is decided where parallel removals queue.
  package func remove(
    _ id: Factor.ID, proof: OpaqueCredential?, _ live: LiveSession, by provenance: Provenance
  ) async throws -> RemoveOutcome {
    let at = now()
    return try await database.transaction { db in
      guard let proof, try DoorKeeper(db).session(live.id, at: at) != nil else { return .unproven }
      let store = FactorStore(db)
      let factors = try store.factors(of: live.account.id)
      guard let factor = factors.first(where: { $0.id == id }) else {
        return try StepUpStore(db).isGood(proof, of: live.id, for: .factors, at: at) ? .unknown : .unproven
      }
      if factor.countsAsLast, factors.count(where: \.countsAsLast) == 1 {
        return try StepUpStore(db).isGood(proof, of: live.id, for: .factors, at: at) ? .last : .unproven
      }
      guard try StepUpStore(db).spend(proof, of: live.id, for: .factors, at: at), try store.delete(id, of: live.account.id) else {
        return .unproven
      }
      try FactorChange(db).record(.factor("removed", factor, live.account.id), of: live.account, by: provenance, at: at)
      try notices.tell(live.account, .factorRemoved(factor.method), db, by: provenance, at: at)
      return .removed
    }
  }

  /// Ten new codes in the place of all old ones; `nil` where there is no proof for it.
  package func renewRecoveryCodes(
    proof: OpaqueCredential?, _ live: LiveSession, by provenance: Provenance
  ) async throws -> [String]? {
    let at = now()
    let codes = RecoveryCode.newSet()
    let factor = Factor(
      id: Factor.ID(at: at), method: .recoveryCode, name: "", failures: 0, createdAt: at, confirmedAt: at, lastUsedAt: nil)
    return try await database.transaction { db in
      guard let proof, try DoorKeeper(db).session(live.id, at: at) != nil,
        try StepUpStore(db).spend(proof, of: live.id, for: .factors, at: at)
      else { return nil }
      let store = FactorStore(db)
      for old in try store.factors(of: live.account.id) where old.method == .recoveryCode {
        _ = try store.delete(old.id, of: live.account.id)
      }
      try store.insert(factor, of: live.account.id)
      try RecoveryCodes(db, vault: vault).insert(codes, of: factor.id)
      try FactorChange(db).record(.factor("codes_renewed", factor, live.account.id), of: live.account, by: provenance, at: at)
      try notices.tell(live.account, .factorAdded(.recoveryCode), db, by: provenance, at: at)
      return codes.map(\.text)
    }
  }
}
