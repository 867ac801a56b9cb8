internal import Cryptography
internal import Journal
internal import Persistence
internal import Primitives

/// The second factors of a new account.
struct NewFactors: Sendable {
  let totp: TOTP
  let recoveryCodes: [RecoveryCode]
}

extension Accounts {
  /// Inserts an account with its factors and roles: all of it or nothing.
  func insert(
    _ account: Account, _ roleNames: [String], _ factors: NewFactors, _ db: any Transaction, by provenance: Provenance,
    at instant: Instant
  ) throws -> AddOutcome {
    switch try AccountCreation(db).insert(account, roleNames, by: provenance, at: instant) {
    case .done: break
    case .nameTaken: return .nameTaken
    case .unknownRole(let name): return .unknownRole(name)
    }
    try enrol(factors, account, db, by: provenance, at: instant)
    return .added(
      Enrolment(
        account: account, totpSecret: factors.totp.secret.withBytes { Base32.upper.encode($0) },
        totpURI: factors.totp.uri(issuer: issuer, account: account.username.text), recoveryCodes: factors.recoveryCodes.map(\.text)))
  }

  private func enrol(
    _ factors: NewFactors, _ account: Account, _ db: any Transaction, by provenance: Provenance, at instant: Instant
  ) throws {
    let kinds: [(FactorMethod, (Factor) throws -> Void)] = [
      (.totp, { try TOTPFactor(db, vault: vault).insert(factors.totp, of: $0.id) }),
      (.recoveryCode, { try RecoveryCodes(db, vault: vault).insert(factors.recoveryCodes, of: $0.id) }),
    ]
    for (method, insert) in kinds {
      let factor = Factor(
        id: Factor.ID(at: instant), method: method, name: "", failures: 0, createdAt: instant, confirmedAt: instant, lastUsedAt: nil)
      try FactorStore(db).insert(factor, of: account.id)
      try insert(factor)
      try AuditLog(db).append(.factorEnrolled(factor, account.id), by: provenance, at: instant)
    }
  }
}

/// An account with its roles, and nothing yet that would let anybody in.
struct AccountCreation {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  enum Outcome {
    case done
    case nameTaken
    case unknownRole(String)
  }

  /// Throws `RoleOutcome.separationOfDuty`.
  func insert(_ account: Account, _ roleNames: [String], by provenance: Provenance, at instant: Instant) throws -> Outcome {
    var roles: [Role] = []
    for name in roleNames {
      guard let role = try RoleStore(db).role(.named(name)) else { return .unknownRole(name) }
      roles.append(role)
    }
    guard try AccountStore(db).insert(account) else { return .nameTaken }
    try AuditLog(db).append(.account("created", account), by: provenance, at: instant)
    for role in roles { _ = try Granting(db).grant(role, to: .account(account.id), .unlimited, by: provenance, at: instant) }
    return .done
  }
}

extension AuditEvent {
  /// The name as well as the identifier, for readers of the record after the account is gone.
  static func account(_ verb: String, _ account: Account) -> AuditEvent {
    AuditEvent("account.\(verb)", subject: "account:\(account.id)", ["username": account.username.text])
  }

  static func factorEnrolled(_ factor: Factor, _ account: Account.ID) -> AuditEvent {
    AuditEvent("factor.enrolled", subject: "account:\(account)", ["factor": "\(factor.id)", "method": factor.method.rawValue])
  }
}

/// What became of a new account that an operator asked for.
package enum AccountAddition<Made: Sendable>: Sendable {
  case added(Made)
  case nameTaken
  case invalidUsername(Username.Refusal)
  /// Not of one that is invited, who chooses it.
  case invalidPassword([PasswordFlaw])
  case unknownRole(String)
  /// The roles do not go together; the separation's name.
  case separationOfDuty(String)
}
