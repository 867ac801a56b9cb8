internal import Primitives
package import Tokens

extension Principal {
  /// Of a token and the standing behind it: what may be done is the standing's, as of now; how and when the user signed in is the
  /// token's, so that a step-up lends nothing to tokens that were issued before it.
  package init(_ claims: Claims, _ standing: Standing) {
    self.init(
      subject: standing.subject, username: standing.username, session: claims.session?.id ?? "", clientID: claims.clientID,
      active: standing.narrowed(to: claims).active,
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
