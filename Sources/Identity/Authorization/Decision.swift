package import Primitives

/// What is known of whoever sent a credential, as far as rules ask and headers tell.
package struct Principal: Sendable {
  package let subject: String
  /// Empty for an application.
  package let username: String
  package let session: String
  package let clientID: String
  package let active: ActiveRoles
  /// When the last factor was proven; `nil` for a key and for an application.
  package let authenticatedAt: Instant?
  package let methods: [String]
  package let level: AuthenticationLevel?
  /// What the token is meant for; `nil` for a key, which is meant for this server.
  package let audiences: [String]?

  package init(
    subject: String, username: String, session: String, clientID: String, active: ActiveRoles, authenticatedAt: Instant?,
    methods: [String], level: AuthenticationLevel?, audiences: [String]?
  ) {
    self.subject = subject
    self.username = username
    self.session = session
    self.clientID = clientID
    self.active = active
    self.authenticatedAt = authenticatedAt
    self.methods = methods
    self.level = level
    self.audiences = audiences
  }
}

/// Whether a request may pass: pure, from what was found out before.
package enum Decision: Sendable {
  case pass
  case denied(Denial)

  /// Of a rule and whoever stands behind a credential that is good. The order of the checks: whether the token is meant for here
  /// at all, then what only an administrator can change, then what signing in again can.
  package static func of(
    _ rule: Rule, _ match: Rule.Match, _ path: OriginalPath?, _ principal: Principal, issuer: String, at now: Instant
  ) -> Decision {
    if rule.isAnonymous { return .pass }
    if let denial = standingDenial(rule, match, path, principal, issuer: issuer) { return .denied(denial) }
    if let denial = freshnessDenial(rule, principal, at: now) { return .denied(denial) }
    return .pass
  }

  /// What stays as it is until something changes: the same for every request of this principal under a rule without templates.
  package static func standingDenial(
    _ rule: Rule, _ match: Rule.Match, _ path: OriginalPath?, _ principal: Principal, issuer: String
  ) -> Denial? {
    if let audiences = principal.audiences, !audiences.contains(where: { $0 == issuer || $0 == rule.audience }) {
      return Denial(.wrongAudience, hasCredential: true)
    }
    if let role = rule.role, !principal.active.holds(role: role) { return Denial(.insufficientRole, hasCredential: true) }
    let needed = rule.permissions.map { permission($0, match, path) }
    guard needed.allSatisfy({ $0.map(principal.active.allows) ?? false }) else {
      return insufficient(needed.compactMap { $0 })
    }
    guard !rule.anyPermission.isEmpty else { return nil }
    let choices = rule.anyPermission.compactMap { permission($0, match, path) }
    return choices.contains(where: principal.active.allows) ? nil : insufficient(choices.count == 1 ? choices : [])
  }

  /// What time changes. Where both fail, one sign-in mends both, and the challenge names both.
  package static func freshnessDenial(_ rule: Rule, _ principal: Principal, at now: Instant) -> Denial? {
    let isWeak = rule.acr.map { needed in principal.level.map { $0 < needed } ?? true } ?? false
    let isStale = rule.maxAge.map { age in principal.authenticatedAt.map { now > $0 + age } ?? true } ?? false
    guard isWeak || isStale else { return nil }
    var parameters: [(String, String)] = []
    if let acr = rule.acr, isWeak { parameters.append(("acr_values", acr.rawValue)) }
    if let age = rule.maxAge, isStale { parameters.append(("max_age", String(age.inSeconds))) }
    return Denial(
      isWeak ? .stepUpRequired : .reauthenticationRequired,
      challenge: Denial.challenge("insufficient_user_authentication", parameters))
  }

  private static func permission(_ template: PermissionTemplate, _ match: Rule.Match, _ path: OriginalPath?) -> Permission? {
    if let constant = template.constant { return constant }
    return path.flatMap { template.permission(match.captures, of: $0) }
  }

  /// RFC 6750, section 3: `scope` names what is needed, so that a client can ask for it.
  private static func insufficient(_ needed: [Permission]) -> Denial {
    let scope = needed.map(\.text).joined(separator: " ")
    return Denial(
      .insufficientPermission, challenge: Denial.challenge("insufficient_scope", scope.isEmpty ? [] : [("scope", scope)]))
  }
}
