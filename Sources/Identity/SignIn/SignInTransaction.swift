internal import Cryptography
internal import Journal
internal import Persistence
internal import Primitives

/// What a sign-in does inside its transaction. Bodies may run twice: they change nothing but the database.
extension SignIn {
  static let lockRetry = Duration.hours(1)

  /// The first call.
  func conclude(
    _ attempt: PasswordAttempt, _ graph: RoleGraph, _ db: any Transaction, at instant: Instant
  ) throws -> Conclusion {
    let request = attempt.request
    let device = try knownDevice(attempt, db, at: instant)
    let source = device.map { PasswordSource.device($0.id) } ?? .unknown
    var state = SignInState.awaitingPassword
    // Before the password's count, as every answer to a factor is: in another order two sign-ins would wait for each other.
    let isExpected = attempt.isRight && attempt.account?.isEnabled == true
    if !isExpected { try rehearse(attempt, db, at: instant) }
    state.handle(try passwordEvent(attempt, source, db, at: instant))
    if isExpected, state != .awaitingFactor { try rehearse(attempt, db, at: instant) }
    guard let account = attempt.account else { return ended(state) }

    switch state {
    case .challenged:
      if let device, devices.trusts(device, at: instant) {
        state.handle(.deviceTrusted)
        return try openTrusted(state, attempt, account, device, graph, db, at: instant)
      }
      return try challenge(request, account, device, db, at: instant)
    case .awaitingFactor:
      guard let answer = request.answer else { return .ended(.refused) }
      let use = try evaluate(answer, of: account.id, within: nil, &state, request.context.provenance, db, at: instant)
      guard case .complete = state else {
        // As a wrong password is.
        _ = try PasswordFailureStore(db).count(attempt.digest, source, adding: 0, at: instant)
        return ended(state)
      }
      var opening = Opening(request.session, of: account, on: device)
      if let refusal = try activate(&opening, request.context, graph, db, at: instant) { return .ended(refusal) }
      guard let conclusion = try complete(state, use, opening, request.context, db, at: instant) else { return .ended(.refused) }
      if case .opened = conclusion { try PasswordFailureStore(db).clear(attempt.digest, source) }
      return conclusion
    default: return ended(state)
    }
  }

  private func rehearse(_ attempt: PasswordAttempt, _ db: any Transaction, at instant: Instant) throws {
    guard let answer = attempt.request.answer else { return }
    let factors = SecondFactors(db, vault: vault)
    if let account = attempt.account {
      try factors.rehearse(answer, of: account.id, at: instant)
    } else {
      // One factor of the stand-in, however many it has: nobody sets the price of a name that is nobody's.
      try factors.rehearse(answer, of: attempt.standIn ?? .init(at: instant), most: 1, at: instant)
    }
  }

  /// The second call.
  func conclude(_ call: ChallengeAnswer, _ graph: RoleGraph, _ db: any Transaction, at instant: Instant) throws -> Conclusion {
    let store = ChallengeStore(db)
    guard let challenge = try store.challenge(call.challenge, for: call.context.application?.id, at: instant),
      let account = try AccountStore(db).account(challenge.account), account.isEnabled,
      account.password?.changedAt == challenge.passwordChangedAt,
      // It may have been taken away meanwhile.
      call.context.mayHave(challenge.audience, issuer: sessions.tokens.issuer)
    else { return .ended(.invalidChallenge) }
    guard try SecondFactors(db, vault: vault).methods(of: account.id).contains(call.answer.method) else {
      return .ended(.factorUnavailable)
    }
    guard let attemptsLeft = try store.takeAttempt(challenge.id) else { return .ended(.invalidChallenge) }
    var state = SignInState.challenged
    state.handle(.challengeAnswered)
    let use = try evaluate(
      call.answer, of: account.id, within: .signIn(challenge.id), &state, call.context.provenance, db, at: instant)
    let device = try challenge.device.flatMap { try DeviceStore(db).device($0, of: account.id, at: instant) }
      .flatMap { $0.digest == challenge.deviceDigest ? $0 : nil }
    var opening = Opening(
      account: account, audience: challenge.audience, roles: challenge.requestedRoles, device: device, deviceName: challenge.deviceName)
    guard case .complete = state else {
      return state == .locked ? ended(state) : .ended(.wrongAnswer(attemptsLeft: attemptsLeft))
    }
    if let refusal = try activate(&opening, call.context, graph, db, at: instant) { return .ended(refusal) }
    guard try store.consume(challenge.id, at: instant) else { return .ended(.invalidChallenge) }
    guard let conclusion = try complete(state, use, opening, call.context, db, at: instant) else {
      return .ended(.wrongAnswer(attemptsLeft: attemptsLeft))
    }
    if case .opened = conclusion {
      let source = device.map { PasswordSource.device($0.id) } ?? .unknown
      try PasswordFailureStore(db).clear(usernameDigest(account.username.text, vault), source)
    }
    return conclusion
  }

  private func passwordEvent(
    _ attempt: PasswordAttempt, _ source: PasswordSource, _ db: any Transaction, at instant: Instant
  ) throws -> SignInState.Event {
    let verdict = try PasswordGuesses(db).judge(
      attempt.isRight, of: attempt.account, standIn: attempt.standIn, attempt.digest, source, by: attempt.request.context.provenance,
      at: instant)
    switch verdict {
    case .locked: return .passwordLocked
    case .wrong: return .passwordWrong
    case .right:
      let hasFactor = try attempt.account.map { try !SecondFactors(db, vault: vault).methods(of: $0.id).isEmpty } ?? false
      return .passwordRight(hasFactor: hasFactor, hasAnswer: attempt.request.answer != nil)
    }
  }

  private func evaluate(
    _ answer: FactorAnswer, of account: Account.ID, within binding: CodeBinding?, _ state: inout SignInState, _ provenance: Provenance,
    _ db: any Transaction, at instant: Instant
  ) throws -> FactorUse? {
    let factors = SecondFactors(db, vault: vault)
    switch try factors.check(answer, of: account, within: binding, passkeys: passkeys.settings, by: provenance, at: instant) {
    case .right(let use):
      state.handle(use.event(answer.method))
      return use
    case .wrong, .unavailable: state.handle(.factorWrong)
    case .locked: state.handle(.factorLocked)
    }
    return nil
  }

  /// Consumes what was right and opens the session. `nil` where a parallel request used the code first.
  func complete(
    _ state: SignInState, _ use: FactorUse?, _ opening: Opening, _ context: SignInContext, _ db: any Transaction, at instant: Instant
  ) throws -> Conclusion? {
    guard case .complete(let proof) = state, let use else { return ended(state) }
    guard try SecondFactors(db, vault: vault).consume(use, at: instant) else { return nil }
    return .opened(try sessions.open(opening, proof: .factors(proof), context, db, at: instant))
  }

  /// Opens a session by a password alone, from a device that is trusted for a time.
  private func openTrusted(
    _ state: SignInState, _ attempt: PasswordAttempt, _ account: Account, _ device: Device, _ graph: RoleGraph, _ db: any Transaction,
    at instant: Instant
  ) throws -> Conclusion {
    guard case .trusted(let proof) = state else { return ended(state) }
    let request = attempt.request
    var opening = Opening(request.session, of: account, on: device)
    if let refusal = try activate(&opening, request.context, graph, db, at: instant) { return .ended(refusal) }
    try PasswordFailureStore(db).clear(attempt.digest, .device(device.id))
    return .opened(try sessions.open(opening, proof: .trustedDevice(proof), request.context, db, at: instant))
  }

  /// Works out which roles are active, and refuses what was asked for and cannot be. Looked at only when both factors were right,
  /// so that nobody else learns who holds what, and before anything is consumed.
  func activate(
    _ opening: inout Opening, _ context: SignInContext, _ graph: RoleGraph, _ db: any Transaction, at instant: Instant
  ) throws -> SignInOutcome? {
    let assigned = try AssignmentStore(db).assignments(of: .account(opening.account.id))
    let (application, audience) = (context.application?.id, opening.audience)
    if let roles = opening.roles,
      let missing = graph.firstMissing(of: roles, assigned: assigned, application: application, audience: audience, at: instant)
    {
      return .roleNotAssigned(index: missing)
    }
    opening.active = graph.activate(
      assigned: assigned, requested: opening.roles, application: application, audience: audience, at: instant)
    return opening.roles == nil || opening.active.inactive.isEmpty ? nil : .separationOfDuty(roles: opening.active.inactive)
  }

  private func challenge(
    _ request: SignInRequest, _ account: Account, _ device: Device?, _ db: any Transaction, at instant: Instant
  ) throws -> Conclusion {
    let challenge = Challenge(
      id: Challenge.ID(at: instant), account: account.id, application: request.context.application?.id,
      passwordChangedAt: account.password?.changedAt ?? account.createdAt, device: device?.id, deviceDigest: device?.digest,
      deviceName: request.session.deviceName, audience: request.session.audience, requestedRoles: request.session.roles,
      expiresAt: instant + Challenge.lifetime)
    let credential = OpaqueCredential(.challenge, for: challenge.id)
    try ChallengeStore(db).insert(challenge, digest: credential.digest)
    try AuditLog(db).append(.challenged(account.id), by: request.context.provenance, at: instant)
    return .ended(
      .secondFactorRequired(
        challenge: credential.text, methods: try SecondFactors(db, vault: vault).methods(of: account.id),
        passkey: try PasskeyFactor(db, settings: passkeys.settings).options(for: credential, of: account.id),
        lifetime: Challenge.lifetime))
  }

  private func knownDevice(_ attempt: PasswordAttempt, _ db: any Transaction, at instant: Instant) throws -> Device? {
    guard let token = attempt.request.session.deviceToken, let account = attempt.account else { return nil }
    return try DeviceStore(db).device(token, of: account.id, at: instant)
  }

  /// What the caller hears of a machine that stopped short of a session.
  private func ended(_ state: SignInState) -> Conclusion {
    switch state {
    case .locked: .ended(.locked(retryAfter: Self.lockRetry))
    case .enrollmentRequired: .ended(.enrollmentRequired)
    default: .ended(.refused)
    }
  }
}

/// What a session is to be opened with.
struct Opening: Sendable {
  let account: Account
  let audience: String
  let roles: [String]?
  let device: Device?
  let deviceName: String
  /// Which roles the session begins with.
  var active = ActiveRoles.none
}

extension Opening {
  init(_ requested: RequestedSession, of account: Account, on device: Device?) {
    self.init(account: account, audience: requested.audience, roles: requested.roles, device: device, deviceName: requested.deviceName)
  }
}

extension AuditEvent {
  fileprivate static func challenged(_ account: Account.ID) -> AuditEvent {
    AuditEvent("sign_in.challenged", subject: "account:\(account)")
  }
}
