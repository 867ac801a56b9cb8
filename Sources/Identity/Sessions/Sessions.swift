internal import Cryptography
internal import Journal
internal import Persistence
internal import Primitives
internal import Tokens

/// Opening sessions and issuing their tokens.
package struct Sessions: Sendable {
  private let tokens: AccessTokens
  private let settings: TokenSettings

  package init(tokens: AccessTokens, settings: TokenSettings) {
    self.tokens = tokens
    self.settings = settings
  }

  /// Opens a session inside a sign-in's transaction. Without a proof of both factors there is no way in here.
  func open(
    _ opening: Opening, proof: SignInProof, _ context: SignInContext, _ db: any Transaction, at instant: Instant
  ) throws -> OpenedSession {
    let device = try self.device(opening, db, at: instant)
    let expiresAt = instant + settings.sessionLifetime
    let session = Session(
      id: Session.ID(at: instant), account: opening.account.id, application: context.application?.id, device: device.id,
      audience: opening.audience, requestedRoles: opening.roles, amr: proof.amr, acr: proof.acr, authenticatedAt: instant,
      createdAt: instant, expiresAt: expiresAt, refreshExpiresAt: min(instant + settings.refreshLifetime, expiresAt),
      address: context.provenance.address, userAgent: context.userAgent)
    let refresh = OpaqueCredential(.refreshToken, for: session.id)
    try SessionStore(db).insert(session, refreshDigest: refresh.digest)
    try AuditLog(db).append(.sessionOpened(session, proof.method), by: context.provenance, at: instant)
    return OpenedSession(
      session: session, username: opening.account.username, application: context.application, refreshToken: refresh.text,
      deviceToken: device.token, active: try AssignmentStore(db).activate(opening.roles, of: .account(opening.account.id)))
  }

  /// Signs the tokens of a session that is in the database.
  func issue(_ opened: OpenedSession, at instant: Instant) throws -> SignedIn {
    let session = opened.session
    let lifetime = min(settings.accessLifetime, session.expiresAt - instant)
    let token = try tokens.issue(opened, lifetime: lifetime, at: instant)
    return SignedIn(
      accessToken: token, accessLifetime: lifetime, refreshToken: opened.refreshToken,
      refreshLifetime: session.refreshExpiresAt - instant, deviceToken: opened.deviceToken, session: session,
      username: opened.username, active: opened.active)
  }

  /// The device that signs in: the known one under a new secret, or a new one.
  private func device(_ opening: Opening, _ db: any Transaction, at instant: Instant) throws -> (id: Device.ID, token: String) {
    let store = DeviceStore(db)
    if let known = opening.device {
      let credential = OpaqueCredential(.deviceToken, for: known.id)
      try store.rotate(known.id, digest: credential.digest, at: instant)
      return (known.id, credential.text)
    }
    let device = Device(id: Device.ID(at: instant), account: opening.account.id, name: opening.deviceName)
    let credential = OpaqueCredential(.deviceToken, for: device.id)
    try store.insert(device, digest: credential.digest, at: instant)
    try store.keepNewest(Self.mostDevices, of: opening.account.id)
    return (device.id, credential.text)
  }

  private static let mostDevices = 20
}

/// A session that is in the database, with what its tokens are made of.
struct OpenedSession: Sendable {
  let session: Session
  let username: Username
  let application: Application?
  let refreshToken: String
  let deviceToken: String
  let active: ActiveRoles
}

extension AuditEvent {
  fileprivate static func sessionOpened(_ session: Session, _ method: FactorMethod) -> AuditEvent {
    AuditEvent(
      "session.opened", subject: "account:\(session.account)",
      [
        "session": "\(session.id)", "method": method.rawValue, "application": session.application.map { "\($0)" } ?? "",
        "audience": session.audience,
      ])
  }
}
