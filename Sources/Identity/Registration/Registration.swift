internal import Cryptography
internal import Delivery
internal import Journal
package import Persistence
package import Primitives

/// People who make accounts for themselves, where the configuration lets them. The account's name is its address. No account is made
/// before the code that was mailed there has come back, with a password; what follows is an invitation's way to a first factor.
package struct Registration: Sendable {
  private let database: any Database
  private let outbox: Outbox
  private let links: Links
  private let settings: RegistrationSettings
  private let pace: MessagePace
  private let room = RegistrationRoom()
  private let now: Now

  package init(database: any Database, outbox: Outbox, pace: MessagePace, links: Links, settings: RegistrationSettings, now: Now) {
    self.database = database
    self.outbox = outbox
    self.pace = pace
    self.links = links
    self.settings = settings
    self.now = now
  }

  package enum Outcome: Sendable, Equatable {
    /// Whatever was sent, to whoever has the address. `withheld` says, for the log alone, why nothing was.
    case accepted(withheld: String?)
    case disabled
    case invalidAddress
    /// Not one of the configured domains, which is no secret.
    case foreignDomain
  }

  /// Writes to the address: a code, or, where an account has it, that there is one. The same is read and written in both cases, and
  /// what withholds the mail does not know which it is.
  package func start(_ address: String, _ context: SignInContext) async throws -> Outcome {
    guard settings.isEnabled else { return .disabled }
    guard ContactRule.isEmail(address), let recipient = MailAddress(address),
      let username = try? Username(address, allowsUnicode: false)
    else { return .invalidAddress }
    let domain = username.text.split(separator: "@").last.map(String.init) ?? ""
    guard settings.domains.isEmpty || settings.domains.contains(domain) else { return .foreignDomain }
    let at = now()
    let (asker, application) = (context.provenance.address, context.application?.id)
    if let reason = pace.withholds(registering: recipient, by: asker, application, at: at) { return .accepted(withheld: reason) }
    guard try await room.take(in: database, at: at) else { return .accepted(withheld: "as many registrations wait as may") }
    return .accepted(withheld: try await write(username, address, recipient, at: at))
  }

  /// Answers why nothing was written.
  private func write(_ username: Username, _ address: String, _ recipient: MailAddress, at: Instant) async throws -> String? {
    let id = Invitation.ID(at: at)
    let code = OpaqueCredential(.invitation, for: id)
    return try await database.transaction { db in
      let store = RegistrationStore(db)
      guard try !store.isPaused(username, at: at) else { return "one was begun for this address less than 5 minutes ago" }
      let known = try store.known(username, address)
      let isKnown = known != nil
      try store.insert(PendingRegistration(id: id, username: username, email: address, digest: code.digest), isKnown: isKnown, at: at)
      var values = MessageValues([.username: known?.name ?? username.text])
      if !isKnown {
        values[.link] = links.url(.registration, code: code.text)
        values[.code] = code.text
        values[.expires] = (at + Invitation.lifetime).forPeople
      }
      try outbox.send(
        isKnown ? .registrationKnown : .registration, to: recipient, values, in: known?.language, lifetime: Invitation.lifetime, db,
        at: at)
      return nil
    }
  }
}

/// `registration.roles` cannot be given. The operator's to mend: nothing was changed, and the code stays good.
package struct MisconfiguredRegistration: Error, CustomStringConvertible {
  package let description: String

  fileprivate init(_ reason: String) { description = "registration.roles cannot be given: \(reason)" }
}

/// What accepting an invitation does where the code is a registration's.
extension Invitations {
  func registration(_ code: OpaqueCredential, at instant: Instant) async throws -> PendingRegistration? {
    try await database.read { try RegistrationStore($0).pending(code, at: instant) }
  }

  /// Makes the account, with this password. The code goes on as its invitation's, until a factor is confirmed.
  func register(
    _ pending: PendingRegistration, _ code: OpaqueCredential, _ password: Secret, _ context: SignInContext
  ) async throws -> AcceptOutcome {
    let flaws = try await policy.flaws(of: password, hints: [pending.username.text, pending.email])
    guard flaws.isEmpty else { return .weak(flaws) }
    let at = now()
    let account = Account(
      id: Account.ID(at: at), username: pending.username, email: pending.email, phone: nil, isEnabled: true,
      password: try await passwords.hash(password, at: at), createdAt: at, version: 1)
    do {
      return try await database.transaction { db in
        guard let pending = try RegistrationStore(db).pending(code, at: at), try RegistrationStore(db).consume(pending) else {
          throw LostRegistration()
        }
        switch try AccountCreation(db).insert(account, registrationRoles, by: context.provenance, at: at) {
        case .done: break
        case .nameTaken: throw LostRegistration()
        case .unknownRole(let name): throw MisconfiguredRegistration("there is no role '\(name)'")
        }
        let invitation = Invitation(id: pending.id, account: account.id, expiresAt: at + Invitation.lifetime)
        try InvitationStore(db).replace(invitation, digest: pending.digest, at: at)
        try AuditLog(db).append(.account("registered", account), by: context.provenance, at: at)
        var state = EnrollmentState.invited
        state.handle(.passwordSet(hasFactor: false))
        return try admit(state, invitation, account, context, db, at: at)
      }
    } catch is LostRegistration {
      // A parallel request has made the account: then its invitation asks for the password, as everybody's.
      return try await acceptInvitation(code, password, context)
    } catch RoleOutcome.separationOfDuty(let name) {
      throw MisconfiguredRegistration("the separation '\(name)' keeps them apart")
    }
  }

  private struct LostRegistration: Error {}
}
