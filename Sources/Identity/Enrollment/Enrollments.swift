package import Cryptography
internal import Journal
package import Persistence
package import Primitives
internal import Tokens
package import WebAuthn

/// Setting up factors. Every kind goes through `begin` and `confirm`, which know who may and what becomes of it; a kind adds what
/// it keeps and how its answer is judged.
package struct Enrollments: Sendable {
  let database: any Database
  let vault: Vault
  /// What an authenticator app shows beside the code.
  let serviceName: String
  let passkeys: PasskeySettings
  let codes: CodeSending
  private let notices: Notices
  private let sessions: Sessions
  private let roles: LiveRoleGraph
  /// The audience of the first session: this server.
  private let audience: String
  let now: Now

  package init(
    database: any Database, vault: Vault, sessions: Sessions, roles: LiveRoleGraph, codes: CodeSending, notices: Notices,
    serviceName: String, audience: String, passkeys: PasskeySettings, now: Now
  ) {
    self.database = database
    self.vault = vault
    self.codes = codes
    self.notices = notices
    self.sessions = sessions
    self.roles = roles
    self.serviceName = serviceName
    self.passkeys = passkeys
    self.audience = audience
    self.now = now
  }

  /// Factors of one account that are begun at once, and in all.
  private static let mostUnconfirmed = 5
  private static let mostFactors = 20

  /// Whoever holds this enrolment token, if it is live: the door's question. Asked again inside every transaction.
  package func enrollee(_ token: OpaqueCredential) async throws -> Enrollee? {
    let at = now()
    return try await database.read { try EnrollmentStore($0).enrollee(token, at: at) }
  }

  package enum BeginOutcome<Begun: Sendable>: Sendable {
    case begun(Factor.ID, Begun)
    /// No proof of a step-up in this session for this, or a spent one.
    case unproven
    /// The enrolment token is over.
    case ended
    /// The account has as many factors as are allowed. The proof is not spent.
    case tooMany
  }

  /// Offers a factor to the account: makes its row, not confirmed yet, and lets `offer` add what the kind keeps. The proof is spent
  /// by this.
  func begin<Begun: Sendable>(
    _ method: FactorMethod, name: String, by authority: EnrollmentAuthority, _ provenance: Provenance,
    offer: @escaping @Sendable (any Transaction, Factor, Instant) throws -> Begun
  ) async throws -> BeginOutcome<Begun> {
    let at = now()
    let factor = Factor(
      id: Factor.ID(at: at), method: method, name: name, failures: 0, createdAt: at, confirmedAt: nil, lastUsedAt: nil)
    return try await database.transaction { db in
      let factors = try FactorStore(db).factors(of: authority.account.id)
      let hasFactor = factors.contains(where: \.isConfirmed)
      guard factors.count(where: \.isConfirmed) < Self.mostFactors else { return .tooMany }
      var state: EnrollmentState
      switch authority {
      case .session(let live, let proof):
        state = .requested
        state.handle(try spend(proof, live, db, at: at) ? .proofSpent : .unproven)
        guard state == .proven else { return .unproven }
      case .invited(let enrollee):
        guard try EnrollmentStore(db).enrollee(enrollee.id, at: at) != nil else { return .ended }
        state = .admitted
      }
      state.handle(.factorOffered(hasFactor: hasFactor))
      guard state != .refused else { return .ended }
      try FactorStore(db).keepNewestUnconfirmed(Self.mostUnconfirmed - 1, of: authority.account.id)
      try FactorStore(db).insert(factor, of: authority.account.id, enrolledBy: authority.enroller)
      let begun = try offer(db, factor, at)
      try AuditLog(db).append(.factor("offered", factor, authority.account.id), by: provenance, at: at)
      return .begun(factor.id, begun)
    }
  }

  /// Whether `begin` would take this authority, which it leaves as it is.
  func isAllowed(_ authority: EnrollmentAuthority, _ db: any Transaction, at instant: Instant) throws(DatabaseError) -> Bool {
    guard try isStanding(authority, db, at: instant) else { return false }
    guard case .session(let live, let proof) = authority else { return true }
    guard let proof else { return false }
    return try StepUpStore(db).isGood(proof, of: live.id, for: .factors, at: instant)
  }

  private func spend(
    _ proof: OpaqueCredential?, _ live: LiveSession, _ db: any Transaction, at instant: Instant
  ) throws(DatabaseError) -> Bool {
    guard let proof, try DoorKeeper(db).session(live.id, at: instant) != nil else { return false }
    return try StepUpStore(db).spend(proof, of: live.id, for: .factors, at: instant)
  }

  package enum ConfirmOutcome: Sendable {
    case added(Factor)
    /// The account's first factor: the invitation is consumed, and its user signed in.
    case opened(SignedIn)
    case wrong(attemptsLeft: Int)
    /// None that this caller began and that still waits.
    case unknown
    /// The enrolment token is over.
    case ended
    /// Nothing was changed.
    case rolesDoNotFit
  }

  /// Confirms what the same caller began, where `judge` finds the answer right. Five wrong ones and it is gone.
  func confirm(
    _ id: Factor.ID, _ method: FactorMethod, by authority: EnrollmentAuthority, _ context: SignInContext,
    judge: @escaping @Sendable (any Transaction, Factor, Instant) throws -> Bool
  ) async throws -> ConfirmOutcome {
    let graph = try await roles.current()
    let at = now()
    do {
      return try await database.transaction { db in
        guard try isStanding(authority, db, at: at) else { return .ended }
        let waiting = try FactorStore(db).unconfirmed(
          id, of: authority.account.id, begunBy: authority.enroller, after: at - EnrollmentState.lifetime)
        guard let factor = waiting, factor.method == method else { return .unknown }
        let isRight = try judge(db, factor, at)
        return try conclude(factor, isRight, authority, graph, context, db, at: at)
      }
    } catch TokenError.tooManyClaims {
      return .rolesDoNotFit
    } catch is LostInvitation {
      return .ended
    }
  }

  /// A parallel request has consumed it: what this one did is undone.
  private struct LostInvitation: Error {}

  private func isStanding(_ authority: EnrollmentAuthority, _ db: any Transaction, at instant: Instant) throws(DatabaseError) -> Bool {
    switch authority {
    case .session(let live, _): try DoorKeeper(db).session(live.id, at: instant) != nil
    case .invited(let enrollee): try EnrollmentStore(db).enrollee(enrollee.id, at: instant) != nil
    }
  }

  private func conclude(
    _ factor: Factor, _ isRight: Bool, _ authority: EnrollmentAuthority, _ graph: RoleGraph, _ context: SignInContext,
    _ db: any Transaction, at instant: Instant
  ) throws -> ConfirmOutcome {
    let hasFactor = try FactorStore(db).factors(of: authority.account.id).contains(where: \.isConfirmed)
    let left = EnrollmentState.mostAttempts - factor.failures
    var state: EnrollmentState =
      if case .invited = authority { .firstOffered(attemptsLeft: left) } else { .offered(attemptsLeft: left) }
    state.handle(isRight ? .answerRight(factor.method, hasFactor: hasFactor) : .answerWrong)
    switch state {
    case .firstOffered(let left), .offered(let left):
      _ = try FactorStore(db).countFailure(factor.id)
      return .wrong(attemptsLeft: left)
    case .withdrawn:
      _ = try FactorStore(db).delete(factor.id, of: authority.account.id)
      return .wrong(attemptsLeft: 0)
    case .added, .complete:
      guard try FactorStore(db).confirm(factor.id, at: instant) else { return .unknown }
      try FactorChange(db).record(.factorEnrolled(factor, authority.account.id), of: authority.account, by: context.provenance, at: instant)
      try notices.tell(authority.account, .factorAdded(factor.method), db, by: context.provenance, at: instant)
      guard case .complete(let proof) = state, case .invited(let enrollee) = authority else { return .added(factor) }
      return try open(enrollee, proof, graph, context, db, at: instant)
    default: return .ended
    }
  }

  /// Who loses the invitation to a parallel request throws, and so confirms nothing.
  private func open(
    _ enrollee: Enrollee, _ proof: EnrollmentProof, _ graph: RoleGraph, _ context: SignInContext, _ db: any Transaction,
    at instant: Instant
  ) throws -> ConfirmOutcome {
    guard try InvitationStore(db).consume(enrollee.invitation) else { throw LostInvitation() }
    let assigned = try AssignmentStore(db).assignments(of: .account(enrollee.account.id))
    let active = graph.activate(
      assigned: assigned, requested: nil, application: enrollee.application?.id, audience: audience, at: instant)
    let opening = Opening(
      account: enrollee.account, audience: audience, roles: nil, device: nil, deviceName: "", active: active)
    let ofApplication = SignInContext(
      application: enrollee.application, provenance: context.provenance, userAgent: context.userAgent)
    return .opened(try sessions.open(opening, proof: .factors(SignInProof(enrolled: proof)), ofApplication, db, at: instant))
  }
}

/// What every change of an account's factors brings with it: devices are strangers again, the record says what was done.
struct FactorChange {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  func record(_ event: AuditEvent, of account: Account, by provenance: Provenance, at instant: Instant) throws {
    try DeviceStore(db).deleteAll(of: account.id)
    try AuditLog(db).append(event, by: provenance, at: instant)
  }
}

extension AuditEvent {
  static func factor(_ verb: String, _ factor: Factor, _ account: Account.ID) -> AuditEvent {
    AuditEvent("factor.\(verb)", subject: "account:\(account)", ["factor": "\(factor.id)", "method": factor.method.rawValue])
  }
}
