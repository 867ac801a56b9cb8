package import Identity
package import Primitives
internal import Tokens

/// The client credentials grant (RFC 6749, section 4.4): an application gets a token of its own, with its roles. No session
/// is opened and no row is written.
package struct ClientCredentials: Sendable {
  private static let longestScope = 1_000

  private let roles: ApplicationRoles
  private let tokens: AccessTokens
  private let issuer: String
  private let lifetime: Duration
  private let now: Now

  package init(roles: ApplicationRoles, tokens: AccessTokens, issuer: String, lifetime: Duration, now: Now) {
    self.roles = roles
    self.tokens = tokens
    self.issuer = issuer
    self.lifetime = lifetime
    self.now = now
  }

  /// An access token as RFC 6749, section 5.1 answers it.
  package struct Grant: Sendable {
    package let accessToken: String
    package let expiresIn: Int64
    /// Space-separated permissions.
    package let scope: String
  }

  /// `scope` narrows what the application holds; `target` is the audience (RFC 8707 `resource`, or `audience`).
  package func grant(_ application: Application, scope: String?, target: String?) async throws -> Grant {
    let audience = target ?? issuer
    guard audience == issuer || application.audiences.contains(audience) else {
      throw OAuthError(.invalidTarget, "this application may not ask for that audience; 'app set --audience' allows one")
    }
    let at = now()
    var active = try await roles.active(of: application.id, audience: audience, at: at)
    let lifetime = active.lifetime(atMost: lifetime, at: at)
    if let scope {
      active = try narrow(active, to: scope)
    }
    let token: String
    do {
      token = try tokens.issue(application, active: active, audience: audience, lifetime: lifetime, at: at)
    } catch TokenError.tooManyClaims {
      throw OAuthError(.invalidScope, "this application holds more roles than fit into a token; name a scope")
    }
    return Grant(accessToken: token, expiresIn: lifetime.inSeconds, scope: active.permissions.joined(separator: " "))
  }

  /// A token of part of the permissions names no role: who checks roles must not grant more than the scope says.
  private func narrow(_ active: ActiveRoles, to scope: String) throws(OAuthError) -> ActiveRoles {
    let names = Set(scope.split(separator: " ").map(String.init))
    let wanted = names.compactMap { Permission($0) }
    guard !names.isEmpty, wanted.count == names.count, wanted.allSatisfy(active.allows) else {
      throw OAuthError(.invalidScope, "the scope names no permission, or one that this application does not hold")
    }
    // A token from which permissions were left out would not show that it is narrower than its holder.
    guard scope.utf8.count <= Self.longestScope else {
      throw OAuthError(.invalidScope, "the scope names more permissions than fit into a token")
    }
    return names == Set(active.permissions) ? active : active.narrowed(to: wanted)
  }
}
