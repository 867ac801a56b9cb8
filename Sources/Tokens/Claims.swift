package import Primitives

/// What an access token says (RFC 9068, section 2.2, and contract section 2).
package struct Claims: Equatable, Sendable {
  /// `iss`
  package var issuer: String
  /// `sub`: the user, or the application itself.
  package var subject: String
  /// `aud`: at least one; written as a string where there is one.
  package var audience: [String]
  /// `exp`, in whole seconds as all times here.
  package var expiresAt: Instant
  /// `iat`
  package var issuedAt: Instant
  /// `nbf`
  package var notBefore: Instant
  /// `jti`: unique to the token.
  package var tokenID: String
  /// `client_id`: the application to which it was given.
  package var clientID: String
  /// `token_use`
  package var use: TokenUse
  package var roles: [String] = []
  /// Also `scope`, separated by spaces (RFC 9068, section 2.2.3).
  package var permissions: [String] = []
  /// `permissions_omitted`: the permissions did not fit, and are known to the server only.
  package var arePermissionsOmitted = false
  /// `nil` for an application's own token.
  package var session: SessionClaims?

  /// `notBefore` is `issuedAt`, and times are cut to whole seconds, so that claims read back equal those written.
  package init(
    issuer: String, subject: String, audience: [String], issuedAt: Instant, lifetime: Duration, tokenID: String, clientID: String,
    use: TokenUse = .access
  ) {
    self.issuer = issuer
    self.subject = subject
    self.audience = audience
    self.issuedAt = Instant(unixSeconds: issuedAt.unixSeconds)
    expiresAt = Instant(unixSeconds: (issuedAt + lifetime).unixSeconds)
    notBefore = self.issuedAt
    self.tokenID = tokenID
    self.clientID = clientID
    self.use = use
  }
}

/// What a token of a user's session says beyond.
package struct SessionClaims: Equatable, Sendable {
  /// `sid`
  package var id: String
  /// `auth_time`: when the last factor was given; a refresh does not change it.
  package var authenticatedAt: Instant
  /// `amr` (RFC 8176)
  package var methods: [String]
  /// `acr`
  package var level: String

  package init(id: String, authenticatedAt: Instant, methods: [String], level: String) {
    self.id = id
    self.authenticatedAt = Instant(unixSeconds: authenticatedAt.unixSeconds)
    self.methods = methods
    self.level = level
  }
}
