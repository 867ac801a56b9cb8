package import Cryptography
package import Journal
package import Persistence
package import Primitives
internal import Tokens
package import WebAuthn

/// Proving a factor once more within a session: for a change that asks for it, and for rules that ask for a recent `auth_time`.
package struct StepUp: Sendable {
  private let database: any Database
  private let roles: LiveRoleGraph
  private let vault: Vault
  private let tokens: AccessTokens
  private let settings: TokenSettings
  private let passkeys: PasskeySettings
  private let now: Now

  package init(
    database: any Database, roles: LiveRoleGraph, vault: Vault, tokens: AccessTokens, settings: TokenSettings, passkeys: PasskeySettings,
    now: Now
  ) {
    self.database = database
    self.roles = roles
    self.vault = vault
    self.tokens = tokens
    self.settings = settings
    self.passkeys = passkeys
    self.now = now
  }

  /// What a proof is for, where whoever asks for it says so. Without one it is good for any one change.
  package enum Purpose: String, Sendable, CaseIterable {
    case factors
    case password
    case keys
    case address
  }

  package struct Challenged: Sendable {
    package let challenge: String
    package let methods: [FactorMethod]
    /// Where one is enrolled.
    package let passkey: RequestOptions?
    package let lifetime: Duration
  }

  /// `nil` where the user has no factor, or the session has ended meanwhile.
  package func begin(_ live: LiveSession, for purpose: Purpose? = nil, by provenance: Provenance) async throws -> Challenged? {
    let at = now()
    let id = StepUpStore.Row.ID(at: at)
    let credential = OpaqueCredential(.challenge, for: id)
    return try await database.transaction { db -> Challenged? in
      guard try DoorKeeper(db).session(live.id, at: at) != nil else { return nil }
      let methods = try SecondFactors(db, vault: vault).methods(of: live.account.id)
      guard !methods.isEmpty else { return nil }
      try StepUpStore(db).insert(id, for: live.id, purpose, digest: credential.digest, at: at)
      try AuditLog(db).append(.stepUp("challenged", live), by: provenance, at: at)
      return Challenged(
        challenge: credential.text, methods: methods,
        passkey: try PasskeyFactor(db, settings: passkeys).options(for: credential, of: live.account.id),
        lifetime: StepUpStore.challengeLifetime)
    }
  }

  package enum Outcome: Sendable {
    case proven(Proven)
    case wrongAnswer(attemptsLeft: Int)
    case locked(retryAfter: Duration)
    case invalidChallenge
    case factorUnavailable
    /// Nothing was consumed.
    case rolesDoNotFit
  }

  package struct Proven: Sendable {
    /// Good once, for this session.
    package let proof: String
    package let proofLifetime: Duration
    package let accessToken: String
    package let accessLifetime: Duration
  }

  package func finish(
    _ challenge: OpaqueCredential, _ answer: FactorAnswer, _ live: LiveSession, by provenance: Provenance
  ) async throws -> Outcome {
    let graph = try await roles.current()
    let at = now()
    do {
      return try await database.transaction { db in try conclude(challenge, answer, live, graph, db, by: provenance, at: at) }
    } catch TokenError.tooManyClaims {
      return .rolesDoNotFit
    }
  }

  /// Attempts and failures are counted where parallel answers queue, as in a sign-in.
  private func conclude(
    _ challenge: OpaqueCredential, _ answer: FactorAnswer, _ live: LiveSession, _ graph: RoleGraph, _ db: any Transaction,
    by provenance: Provenance, at instant: Instant
  ) throws -> Outcome {
    let store = StepUpStore(db)
    guard let current = try DoorKeeper(db).session(live.id, at: instant),
      let stepUp = try store.stepUp(challenge, of: live.id, at: instant),
      case .challenged = stepUp.state
    else { return .invalidChallenge }
    let factors = SecondFactors(db, vault: vault)
    guard try factors.methods(of: live.account.id).contains(answer.method) else { return .factorUnavailable }
    guard try store.takeAttempt(stepUp.id) else { return .invalidChallenge }
    var state = stepUp.state
    switch state.handle(try event(answer, live, .stepUp(stepUp.id), factors, by: provenance, at: instant)) {
    case .giveProof:
      let proof = OpaqueCredential(.proof, for: stepUp.id)
      guard try store.prove(stepUp.id, digest: proof.digest, at: instant) else { return .invalidChallenge }
      try SessionStore(db).setAuthenticated(live.id, at: instant)
      try AuditLog(db).append(.stepUp("proven", live, method: answer.method), by: provenance, at: instant)
      return .proven(try proven(proof, current.session, current.application, graph, db, at: instant))
    case .refuse(let left): return .wrongAnswer(attemptsLeft: left)
    case .refuseLocked: return .locked(retryAfter: SignIn.lockRetry)
    case .acceptProof, .unknown: return .invalidChallenge
    }
  }

  private func event(
    _ answer: FactorAnswer, _ live: LiveSession, _ binding: CodeBinding, _ factors: SecondFactors, by provenance: Provenance,
    at instant: Instant
  ) throws -> StepUpState.Event {
    switch try factors.check(answer, of: live.account.id, within: binding, passkeys: passkeys, by: provenance, at: instant) {
    case .right(let use): try factors.consume(use, at: instant) ? .factorRight : .factorWrong
    case .wrong, .unavailable: .factorWrong
    case .locked: .factorLocked
    }
  }

  private func proven(
    _ proof: OpaqueCredential, _ session: Session, _ application: Application?, _ graph: RoleGraph, _ db: any Transaction,
    at instant: Instant
  ) throws -> Proven {
    let active = try AssignmentStore(db).activate(session, graph, at: instant)
    let lifetime = active.lifetime(atMost: min(settings.accessLifetime, session.refreshExpiresAt - instant), at: instant)
    return Proven(
      proof: proof.text, proofLifetime: StepUpStore.proofLifetime,
      accessToken: try tokens.issue(
        session.authenticated(at: instant), active, to: application, lifetime: lifetime, at: instant), accessLifetime: lifetime)
  }
}

extension AuditEvent {
  fileprivate static func stepUp(_ verb: String, _ live: LiveSession, method: FactorMethod? = nil) -> AuditEvent {
    AuditEvent("step_up.\(verb)", subject: "account:\(live.account.id)", ["session": "\(live.id)", "method": method?.rawValue ?? ""])
  }
}
