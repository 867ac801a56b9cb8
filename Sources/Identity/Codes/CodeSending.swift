package import Cryptography
package import Delivery
internal import Journal
package import Persistence
package import Primitives
package import Telemetry

/// `POST /auth/mfa/send` and its like: a new code to the address of a factor. The answer says where to, never whether: a code that
/// is held back costs the same work and gives the same bytes.
package struct CodeSending: Sendable {
  let database: any Database
  let vault: Vault
  let outbox: Outbox
  let pace: MessagePace
  let sms: SMSSettings
  let log: Log
  let now: Now

  package init(database: any Database, vault: Vault, outbox: Outbox, pace: MessagePace, sms: SMSSettings, log: Log, now: Now) {
    self.database = database
    self.vault = vault
    self.outbox = outbox
    self.pace = pace
    self.sms = sms
    self.log = log
    self.now = now
  }

  /// Of every code.
  package static let lifetime = CodeFactor.lifetime

  package enum Outcome: Sendable, Equatable {
    case sent(to: String, lifetime: Duration)
    /// Unknown, used, expired, or another's.
    case invalidChallenge
    /// The account has no factor of this method, or nothing sends its codes.
    case factorUnavailable
  }

  /// For a sign-in's challenge.
  package func send(_ credential: OpaqueCredential, _ method: FactorMethod, _ context: SignInContext) async throws -> Outcome {
    try await send(method, context) { db, at in
      guard let challenge = try ChallengeStore(db).challenge(credential, for: context.application?.id, at: at),
        let account = try AccountStore(db).account(challenge.account), account.isEnabled,
        account.password?.changedAt == challenge.passwordChangedAt
      else { return nil }
      return Asked(account: account, binding: .signIn(challenge.id), endsAt: challenge.id.madeAt + Challenge.longest) { db, end in
        try ChallengeStore(db).prolong(challenge.id, until: end)
      }
    }
  }

  /// For a step-up's challenge.
  package func send(
    _ credential: OpaqueCredential, _ method: FactorMethod, _ live: LiveSession, _ context: SignInContext
  ) async throws -> Outcome {
    try await send(method, context) { db, at in
      guard try DoorKeeper(db).session(live.id, at: at) != nil, let stepUp = try StepUpStore(db).stepUp(credential, of: live.id, at: at),
        case .challenged = stepUp.state
      else { return nil }
      return Asked(account: live.account, binding: .stepUp(stepUp.id), endsAt: stepUp.id.madeAt + StepUpStore.longestChallenge) { db, end in
        try StepUpStore(db).prolong(stepUp.id, until: end)
      }
    }
  }

  /// For a recovery, by its mailed code: never to the mailbox that this came from.
  package func send(recovery credential: OpaqueCredential, _ method: FactorMethod, _ context: SignInContext) async throws -> Outcome {
    try await send(method, context) { db, at in
      guard let (recovery, account) = try RecoveryStore(db).recovery(credential, at: at) else { return nil }
      let mailbox = try SecondFactors(db, vault: vault).factors(of: account.id, reachedAt: recovery.address)
      return Asked(
        account: account, binding: .recovery(recovery.id), excluded: mailbox, endsAt: recovery.id.madeAt + RecoveryState.lifetime)
    }
  }

  /// For what a code is asked.
  private struct Asked {
    let account: Account
    let binding: CodeBinding
    var excluded: Set<Factor.ID> = []
    /// Past this no code is good for it.
    let endsAt: Instant
    /// Makes it live as long as its code.
    var prolong: (any Transaction, Instant) throws -> Void = { _, _ in }
  }

  private func send(
    _ method: FactorMethod, _ context: SignInContext, _ asking: @escaping @Sendable (any Transaction, Instant) throws -> Asked?
  ) async throws -> Outcome {
    let at = now()
    guard let channel = method.channel, outbox.canSend(channel) else { return .factorUnavailable }
    let found = try await database.read { db -> (account: Account, target: Target?)? in
      guard let asked = try asking(db, at) else { return nil }
      return (asked.account, try target(method, of: asked.account.id, except: asked.excluded, db))
    }
    guard let found else { return .invalidChallenge }
    guard let target = found.target else { return .factorUnavailable }
    // Outside of the transaction, which may run twice.
    let reason = withholds(target, account: found.account, context, at: at)
    return try await database.transaction { db in
      guard let asked = try asking(db, at) else { return .invalidChallenge }
      let account = asked.account
      guard let now = try self.target(method, of: account.id, except: asked.excluded, db), now == target else { return .factorUnavailable }
      let lifetime = min(CodeFactor.lifetime, asked.endsAt - at)
      // Also for a code that is held back: the answers are the same.
      try asked.prolong(db, at + lifetime)
      let request = CodeRequest(
        account: account, factor: target.factor, recipient: target.recipient, binding: asked.binding, lifetime: lifetime)
      try issue(request, withheld: reason, context, db, at: at)
      return .sent(to: target.recipient.masked, lifetime: lifetime)
    }
  }

  private struct Target: Equatable {
    let factor: Factor.ID
    let recipient: Recipient
    let isLocked: Bool
  }

  /// The newest confirmed factor of a method.
  private func target(
    _ method: FactorMethod, of account: Account.ID, except excluded: Set<Factor.ID>, _ db: any Transaction
  ) throws(DatabaseError) -> Target? {
    let factors = try FactorStore(db).factors(of: account).filter {
      $0.method == method && $0.isConfirmed && !excluded.contains($0.id)
    }
    guard let factor = factors.last, let recipient = try CodeAddresses(db).recipient(of: factor.id) else { return nil }
    return Target(factor: factor.id, recipient: recipient, isLocked: factor.isLocked)
  }

  private func withholds(_ target: Target, account: Account, _ context: SignInContext, at instant: Instant) -> String? {
    let asking = MessagePace.Asking(
      account: account.id, recipient: target.recipient, isConfirmed: true, address: context.provenance.address,
      application: context.application?.id)
    let paced = pace.withholds(asking, at: instant)
    return target.isLocked ? "the factor is locked" : paced
  }
}

/// One code that is to be sent.
struct CodeRequest: Sendable {
  let account: Account
  let factor: Factor.ID
  let recipient: Recipient
  let binding: CodeBinding
  var kind = MessageKind.code
  var lifetime = CodeFactor.lifetime
}

extension CodeSending {
  /// Makes a new code and puts it into the outbox, or holds it back: the code before stays good then.
  func issue(
    _ request: CodeRequest, withheld paced: String?, _ context: SignInContext, _ db: any Transaction, at instant: Instant
  ) throws {
    let code = CodeFactor.newCode()
    let isConfirmed = request.kind == .code
    let reason =
      try paced ?? SMSBudget(sms, db).refusal(of: request.recipient, isConfirmed: isConfirmed, for: request.account.id, at: instant)
      ?? enqueue(code, request, context, db, at: instant)
    if reason == nil {
      try CodeFactor(db, vault: vault).replace(
        with: code, of: request.factor, for: request.binding, lifetime: request.lifetime, at: instant)
    } else {
      log.warning(
        "code_withheld", ("request_id", .string(context.provenance.requestID)), ("account", .string("\(request.account.id)")),
        ("channel", .string(request.recipient.channel.rawValue)), ("reason", .string(reason ?? "")))
    }
    try AuditLog(db).append(.code(request, withheld: reason), by: context.provenance, at: instant)
  }

  private func enqueue(
    _ code: String, _ request: CodeRequest, _ context: SignInContext, _ db: any Transaction, at instant: Instant
  ) throws -> String? {
    let values = MessageValues([
      .code: code, .minutes: "\(max(1, request.lifetime.inSeconds / 60))", .application: context.application?.name ?? "",
    ])
    let message = OutgoingMessage(
      request.kind, to: request.recipient, values, in: request.account.language.flatMap(Language.init), lifetime: request.lifetime)
    return switch try outbox.enqueue(message, db, at: instant) {
    case .queued: nil
    case .full: "the outbox is full"
    case .unavailable: "nothing sends it"
    }
  }
}

extension AuditEvent {
  fileprivate static func code(_ request: CodeRequest, withheld reason: String?) -> AuditEvent {
    AuditEvent(
      reason == nil ? "factor.code_sent" : "factor.code_withheld", subject: "account:\(request.account.id)",
      ["factor": "\(request.factor)", "channel": request.recipient.channel.rawValue, "reason": reason ?? ""])
  }
}
