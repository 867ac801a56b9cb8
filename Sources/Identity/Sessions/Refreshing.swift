package import Cryptography
internal import Journal
package import Persistence
package import Primitives
package import Telemetry
internal import Tokens

/// Refresh rotation (`RefreshState`). Everything costly, reading, sealing and signing, is done before the transaction and beside
/// other requests; the transaction is one compare-and-swap on the session's row, so that one of any number of parallel requests
/// rotates, and all others read again what it did. A rotation that everything is well with changes nobody's rights and makes no
/// entry in the record; theft does.
package struct Refreshing: Sendable {
  private let database: any Database
  private let roles: LiveRoleGraph
  private let tokens: AccessTokens
  private let settings: TokenSettings
  private let refreshTokens: RefreshTokens
  private let log: Log
  private let now: Now

  package init(
    database: any Database, roles: LiveRoleGraph, tokens: AccessTokens, settings: TokenSettings, vault: Vault, log: Log, now: Now
  ) {
    self.database = database
    self.roles = roles
    self.tokens = tokens
    self.settings = settings
    refreshTokens = RefreshTokens(vault: vault)
    self.log = log
    self.now = now
  }

  /// A refresh token and who brings it.
  package struct Request: Sendable {
    package let token: OpaqueCredential
    package let context: SignInContext
    /// Permissions that the new token must have, exactly; `nil` where the caller names none.
    package let scope: Set<String>?

    package init(token: OpaqueCredential, context: SignInContext, scope: Set<String>? = nil) {
      self.token = token
      self.context = context
      self.scope = scope
    }
  }

  package enum Outcome: Sendable {
    case refreshed(SignedIn)
    /// No session's token, or that of a session which another application opened. Nothing was consumed.
    case unknown
    /// Not refreshed in time, or the session's own time is over.
    case over
    case ended
    /// Theft: the session has ended by this.
    case reused
    /// Nothing was consumed.
    case rolesDoNotFit
    /// Not what the session's roles allow. Nothing was consumed.
    case scopeNotHeld
  }

  /// Who loses against a parallel request finds at the second look that its token is not current any more.
  private static let mostLooks = 4

  /// Throws `DatabaseError`.
  package func refresh(_ request: Request) async throws -> Outcome {
    guard let id: Session.ID = request.token.identifier() else { return .unknown }
    for _ in 0..<Self.mostLooks {
      switch try await look(request, id) {
      case .refuse(let outcome): return outcome
      case .theft(let account): return try await end(id, of: account, request.context)
      case .answer(let known, let successor):
        return try issue(known, successor, until: known.line.session.refreshExpiresAt, request, at: now())
      case .rotate(let known):
        if let outcome = try await rotate(known, request) { return outcome }
      }
    }
    throw DatabaseError.unavailable("a refresh lost against others time and again")
  }

  /// What the token is found to be.
  private enum Look: Sendable {
    case refuse(Outcome)
    case theft(Account.ID)
    case answer(Known, successor: OpaqueCredential)
    case rotate(Known)
  }

  /// A session that may be refreshed, and for whom.
  private struct Known: Sendable {
    let line: SessionStore.Line
    let username: Username
    let active: ActiveRoles
  }

  private func look(_ request: Request, _ id: Session.ID) async throws -> Look {
    let graph = try await roles.current()
    return try await database.read { db in
      // Taken here: what waited before it was read would have a wrong idea of how long ago a rotation was.
      let at = now()
      guard let line = try SessionStore(db).line(id), line.session.application == request.context.application?.id else {
        return .refuse(.unknown)
      }
      var state = line.state(at: at)
      switch state.handle(presented(request.token, line), at: at, grace: settings.refreshGrace) {
      case .refuse(.unknown): return .refuse(.unknown)
      case .refuse(.over): return .refuse(.over)
      case .refuse(.ended): return .refuse(.ended)
      case .endForTheft: return .theft(line.session.account)
      case .rotate:
        guard let known = try known(line, request.context, graph, db, at: at) else { return .refuse(.ended) }
        return .rotate(known)
      case .repeatSuccessor:
        guard let known = try known(line, request.context, graph, db, at: at) else { return .refuse(.ended) }
        guard let box = line.successor, let successor = refreshTokens.open(box, with: request.token, of: id) else {
          return .refuse(.unknown)
        }
        return .answer(known, successor: successor)
      }
    }
  }

  /// `nil` where the user is disabled, or the application may not ask for the session's audience any more.
  private func known(
    _ line: SessionStore.Line, _ context: SignInContext, _ graph: RoleGraph, _ db: any Transaction, at instant: Instant
  ) throws -> Known? {
    guard context.mayHave(line.session.audience, issuer: tokens.issuer) else { return nil }
    guard let account = try AccountStore(db).account(line.session.account), account.isEnabled else { return nil }
    let active = try AssignmentStore(db).activate(line.session, graph, at: instant)
    return Known(line: line, username: account.username, active: active)
  }

  private func presented(_ token: OpaqueCredential, _ line: SessionStore.Line) -> RefreshState.Presented {
    let digest = token.digest
    if ConstantTime.areEqual(digest, line.digest) { return .current }
    if let previous = line.previousDigest, ConstantTime.areEqual(digest, previous) { return .predecessor }
    // A token of a later generation than the row's: the database was restored from a copy. Its bearer has done no wrong.
    guard let generation = refreshTokens.generation(of: token, in: line.session.id), generation < line.generation else {
      return .stranger
    }
    return .ancestor
  }

  /// `nil` where another request was first.
  private func rotate(_ known: Known, _ request: Request) async throws -> Outcome? {
    let line = known.line
    let at = now()
    let successor = try refreshTokens.make(for: line.session.id, generation: line.generation + 1)
    let end = settings.refreshEnd(from: at, sessionEnd: line.session.expiresAt)
    let issued = try issue(known, successor, until: end, request, at: at)
    guard case .refreshed = issued else { return issued }
    let rotation = SessionStore.Rotation(
      session: line.session.id, digest: line.digest, successorDigest: successor.digest,
      successorBox: try refreshTokens.seal(successor, under: request.token), refreshExpiresAt: end)
    let isFirst = try await database.transaction { db in try SessionStore(db).rotate(rotation, at: now()) }
    return isFirst ? issued : nil
  }

  private func issue(
    _ known: Known, _ refresh: OpaqueCredential, until end: Instant, _ request: Request, at instant: Instant
  ) throws -> Outcome {
    guard request.scope.map({ $0 == Set(known.active.permissions) }) ?? true else { return .scopeNotHeld }
    let session = known.line.session
    let lifetime = known.active.lifetime(atMost: min(settings.accessLifetime, end - instant), at: instant)
    do {
      let token = try tokens.issue(session, known.active, to: request.context.application, lifetime: lifetime, at: instant)
      let signedIn = SignedIn(
        accessToken: token, accessLifetime: lifetime, refreshToken: refresh.text, refreshLifetime: end - instant, deviceToken: nil,
        session: session, username: known.username, active: known.active)
      return .refreshed(signedIn)
    } catch TokenError.tooManyClaims {
      return .rolesDoNotFit
    }
  }

  private func end(_ id: Session.ID, of account: Account.ID, _ context: SignInContext) async throws -> Outcome {
    let at = now()
    _ = try await database.transaction { db in
      try SessionStore(db).end(.one(id), because: .theft, by: context.provenance, at: at)
    }
    log.warning(
      "refresh token reused", ("session", .string("\(id)")), ("account", .string("\(account)")),
      ("request_id", .string(context.provenance.requestID)))
    return .reused
  }
}

extension SessionStore.Line {
  func state(at instant: Instant) -> RefreshState {
    if endedAt != nil { return .ended }
    if session.endsAt <= instant { return .over }
    guard successor != nil, let rotatedAt else { return .resting }
    return .rotated(at: rotatedAt)
  }
}
