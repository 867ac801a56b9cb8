internal import Cryptography
internal import Journal
package import Persistence
internal import Primitives
internal import Tokens

/// Opening sessions and issuing their tokens.
package struct Sessions: Sendable {
  let tokens: AccessTokens
  private let settings: TokenSettings
  private let refreshTokens: RefreshTokens
  private let notices: Notices

  package init(tokens: AccessTokens, settings: TokenSettings, vault: Vault, notices: Notices) {
    self.notices = notices
    self.tokens = tokens
    self.settings = settings
    refreshTokens = RefreshTokens(vault: vault)
  }

  /// Opens a session inside a sign-in's transaction and signs its tokens. Without a proof of both factors there is no way in
  /// here. What cannot be signed throws, and so undoes the transaction: no code is used up for a session without a token.
  func open(
    _ opening: Opening, proof: SessionProof, _ context: SignInContext, _ db: any Transaction, at instant: Instant
  ) throws -> SignedIn {
    let device = try self.device(opening, proof, db, at: instant)
    let expiresAt = instant + settings.sessionLifetime
    let session = Session(
      id: Session.ID(at: instant), account: opening.account.id, application: context.application?.id, device: device.id,
      audience: opening.audience, requestedRoles: opening.roles, amr: proof.amr, acr: proof.acr, authenticatedAt: instant,
      createdAt: instant, lastUsedAt: instant, expiresAt: expiresAt,
      refreshExpiresAt: settings.refreshEnd(from: instant, sessionEnd: expiresAt), address: context.provenance.address,
      userAgent: context.userAgent)
    let refresh = try refreshTokens.make(for: session.id, generation: 0)
    // Before the new one is there, so that a clock that was set back cannot make it the oldest.
    _ = try SessionStore(db).end(
      .oldest(of: session.account, keeping: settings.sessionsPerUser - 1), because: .replaced, by: context.provenance, at: instant)
    try SessionStore(db).insert(session, refreshDigest: refresh.digest)
    try AuditLog(db).append(.sessionOpened(session, by: proof.method), by: context.provenance, at: instant)
    if opening.device == nil {
      try notices.tell(opening.account, .newDevice(name: opening.deviceName), db, by: context.provenance, at: instant)
    }
    let active = opening.active
    let lifetime = active.lifetime(atMost: min(settings.accessLifetime, session.refreshExpiresAt - instant), at: instant)
    return SignedIn(
      accessToken: try tokens.issue(session, active, to: context.application, lifetime: lifetime, at: instant),
      accessLifetime: lifetime, refreshToken: refresh.text, refreshLifetime: session.refreshExpiresAt - instant,
      deviceToken: device.token, session: session, username: opening.account.username, active: active)
  }

  /// The device that signs in: the known one under a new secret, or a new one.
  private func device(
    _ opening: Opening, _ proof: SessionProof, _ db: any Transaction, at instant: Instant
  ) throws -> (id: Device.ID, token: String) {
    let store = DeviceStore(db)
    // Being trusted does not prolong the trust.
    let provenAt = if case .factors = proof { instant } else { opening.device?.provenAt }
    if let known = opening.device {
      let credential = OpaqueCredential(.deviceToken, for: known.id)
      // It keeps its name until another is said.
      let name = opening.deviceName.isEmpty ? known.name : opening.deviceName
      if try store.rotate(known, digest: credential.digest, name: name, provenAt: provenAt, at: instant) {
        return (known.id, credential.text)
      }
    }
    let id = Device.ID(at: instant)
    let credential = OpaqueCredential(.deviceToken, for: id)
    // Before the new one is there, so that a clock that was set back cannot make it the oldest.
    try store.keepNewest(Self.mostDevices - 1, of: opening.account.id)
    try store.insert(
      Device(
        id: id, account: opening.account.id, name: opening.deviceName, createdAt: instant, lastUsedAt: instant,
        expiresAt: instant + Device.lifetime, provenAt: provenAt, digest: credential.digest))
    return (id, credential.text)
  }

  private static let mostDevices = 20
}

extension AuditEvent {
  fileprivate static func sessionOpened(_ session: Session, by method: String) -> AuditEvent {
    AuditEvent(
      "session.opened", subject: "account:\(session.account)",
      [
        "session": "\(session.id)", "method": method, "application": session.application.map { "\($0)" } ?? "",
        "audience": session.audience,
      ])
  }
}
