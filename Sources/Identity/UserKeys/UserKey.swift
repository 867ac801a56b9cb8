package import Primitives

/// A user's own key (`cfu_…`): made under step-up, good for some of the user's roles, for a time. It passes decisions and opens no
/// session.
package struct UserKey: Sendable, Equatable {
  package typealias ID = Identifier<UserKey>

  package let id: ID
  package let account: Account.ID
  package let name: String
  /// The most that it may do: of these, the ones that the user still holds.
  package let roles: [String]
  package let createdAt: Instant
  package let expiresAt: Instant
  package let revokedAt: Instant?

  package static let lifetimes: ClosedRange<Duration> = .minutes(1)...(.days(365))
  /// Live keys of one user.
  package static let mostPerUser = 50
  package static let mostRoles = 64

  package func isLive(at instant: Instant) -> Bool { revokedAt == nil && instant < expiresAt }

  /// 1 to 64 characters that can be seen.
  package static func isName(_ text: String) -> Bool { VisibleText.isName(text, lengths: 1...64) }
}
