package import Primitives

/// What a sign-in opens: one row for its whole life.
package struct Session: Sendable, Equatable {
  package typealias ID = Identifier<Session>

  package let id: ID
  package let account: Account.ID
  package let application: Application.ID?
  package let device: Device.ID?
  package let audience: String
  /// The roles that the sign-in asked for; `nil` for all.
  package let requestedRoles: [String]?
  package let amr: [String]
  package let acr: String
  /// When the last factor was proven.
  package let authenticatedAt: Instant
  package let createdAt: Instant
  /// The sign-in, or the last refresh.
  package let lastUsedAt: Instant
  package let expiresAt: Instant
  /// Until when it can be refreshed. No access token of it lives longer.
  package let refreshExpiresAt: Instant
  package let address: String
  package let userAgent: String
}

extension Session {
  /// When it is over, unless it is refreshed before.
  package var endsAt: Instant { min(expiresAt, refreshExpiresAt) }

  /// The same session after its user proved a factor again.
  func authenticated(at instant: Instant) -> Session {
    Session(
      id: id, account: account, application: application, device: device, audience: audience, requestedRoles: requestedRoles, amr: amr,
      acr: acr, authenticatedAt: instant, createdAt: createdAt, lastUsedAt: lastUsedAt, expiresAt: expiresAt,
      refreshExpiresAt: refreshExpiresAt, address: address, userAgent: userAgent)
  }
}
