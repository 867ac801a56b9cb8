package import Cryptography
package import Primitives

/// Who may set up a factor, and there is nobody else: a user within a session, by a proof that this call spends, or whoever
/// accepted an invitation, for a first factor.
package enum EnrollmentAuthority: Sendable {
  case session(LiveSession, proof: OpaqueCredential?)
  case invited(Enrollee)

  package var account: Account {
    switch self {
    case .session(let live, _): live.account
    case .invited(let enrollee): enrollee.account
    }
  }

  /// What an unconfirmed factor is bound to: who began it is the only one that can confirm it.
  var enroller: [UInt8] {
    switch self {
    case .session(let live, _): live.id.bytes
    case .invited(let enrollee): enrollee.id.bytes
    }
  }
}

/// Whoever holds a live enrolment token (`cfe_…`): the invitation was accepted, its password set or checked.
package struct Enrollee: Sendable {
  package typealias ID = Identifier<Enrollee>

  package let id: ID
  package let account: Account
  /// The one that accepted the invitation; the session will be its.
  package let application: Application?
  let invitation: Invitation.ID

  /// Of the token.
  package static let lifetime = EnrollmentState.lifetime
}

/// An account's one way in without a factor: a code that is good once, for 72 hours.
package struct Invitation: Sendable {
  package typealias ID = Identifier<Invitation>

  package let id: ID
  package let account: Account.ID
  package let expiresAt: Instant

  package static let lifetime = Duration.hours(72)
}
