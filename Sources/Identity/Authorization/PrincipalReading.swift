internal import Primitives
package import Tokens

extension Principal {
  /// Of a token and the standing behind it: what may be done is the standing's, as of now; how and when the user signed in is the
  /// token's, so that a step-up lends nothing to tokens that were issued before it.
  package init(_ claims: Claims, _ standing: Standing) {
    self.init(
      subject: standing.subject, username: standing.username, session: claims.session?.id ?? "", clientID: claims.clientID,
      active: claims.isNarrowed ? standing.active.narrowed(to: claims.permissions.compactMap { Permission($0) }) : standing.active,
      authenticatedAt: claims.session?.authenticatedAt, methods: claims.session?.methods ?? [],
      level: claims.session.flatMap { AuthenticationLevel(rawValue: $0.level) }, audiences: claims.audience)
  }

  /// Of an API key: nobody proved a factor.
  package init(keyOf standing: Standing) {
    self.init(
      subject: standing.subject, username: standing.username, session: "", clientID: standing.application?.clientID ?? "",
      active: standing.active, authenticatedAt: nil, methods: [], level: nil, audiences: nil)
  }
}

extension Claims {
  /// Whether an application asked for a part of its permissions only (RFC 6749, section 3.3): such a token names no role.
  fileprivate var isNarrowed: Bool { session == nil && roles.isEmpty && (!permissions.isEmpty || arePermissionsOmitted) }
}
