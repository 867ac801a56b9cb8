package import Persistence
package import Primitives
internal import Tokens

/// Who stands behind a credential, and what they may do now: what the gate answers. Good while it is current; it may be kept as
/// long as that is asked before every use.
package struct Standing: Sendable {
  package enum Holder: Sendable {
    case session(Session, Account)
    /// An application on its own behalf.
    case application
    /// A user by a key of their own.
    case userKey(UserKey, Account)
    /// A user whom somebody else asks about.
    case account(Account)
  }

  package let holder: Holder
  /// The application itself, or the one that opened the session; `nil` for a session that was opened without one.
  package let application: Application?
  package let active: ActiveRoles
  /// When it ends, or has to be read anew: the session's end, the key's, or the next change of an assignment.
  package let validUntil: Instant
  /// What it was read from.
  private let stamps: [Changes.Stamp]

  init(holder: Holder, application: Application?, active: ActiveRoles, validUntil: Instant, stamps: [Changes.Stamp]) {
    self.holder = holder
    self.application = application
    self.active = active
    self.validUntil = active.changesAt.map { min(validUntil, $0) } ?? validUntil
    self.stamps = stamps
  }

  /// What an application's token allows that was asked for with a scope: of what it says only what is still allowed now. Such a
  /// token names permissions and no role.
  func narrowed(to claims: Claims) -> Standing {
    guard claims.session == nil, claims.roles.isEmpty, !claims.permissions.isEmpty || claims.arePermissionsOmitted else { return self }
    return Standing(
      holder: holder, application: application, active: active.narrowed(to: claims.permissions.compactMap { Permission($0) }),
      validUntil: validUntil, stamps: stamps)
  }

  /// How long it is good, by itself: for who asks at every request and needs no more.
  package struct Currency: Sendable {
    private let validUntil: Instant
    private let stamps: [Changes.Stamp]

    fileprivate init(_ standing: Standing) {
      validUntil = standing.validUntil
      stamps = standing.stamps
    }

    /// Whether nothing that the standing rests on has changed or ended since it was read.
    package func holds(in changes: Changes, at instant: Instant) -> Bool {
      guard instant < validUntil else { return false }
      for stamp in stamps where !changes.isCurrent(stamp) { return false }
      return true
    }
  }

  package var currency: Currency { Currency(self) }

  /// Whether nothing that it rests on has changed or ended since it was read.
  package func isCurrent(in changes: Changes, at instant: Instant) -> Bool { currency.holds(in: changes, at: instant) }

  /// `sub`: the user, or the application itself.
  package var subject: String { account.map { "\($0.id)" } ?? application?.clientID ?? "" }

  /// The user; `nil` for an application.
  package var account: Account? {
    switch holder {
    case .session(_, let account), .userKey(_, let account), .account(let account): account
    case .application: nil
    }
  }

  package var username: String { account?.username.text ?? "" }
  package var session: Session? { if case .session(let session, _) = holder { session } else { nil } }
}
