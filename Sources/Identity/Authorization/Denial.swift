/// Why a request may not pass: what `X-Authz-Reason` says (contract, section 4).
package enum DenialReason: String, Sendable, CaseIterable {
  case noCredentials = "no_credentials"
  case invalidToken = "invalid_token"
  case expired
  case revoked
  case insufficientPermission = "insufficient_permission"
  case insufficientRole = "insufficient_role"
  case wrongAudience = "wrong_audience"
  case reauthenticationRequired = "reauthentication_required"
  case stepUpRequired = "step_up_required"
  case rateLimited = "rate_limited"
  case budgetExhausted = "budget_exhausted"
  case banned
  case noRule = "no_rule"
  case ambiguousPath = "ambiguous_path"
  case unavailable

  /// Whether another credential, or a newer one, could help: 401. The others are 403, save where a dialect has words for them.
  package var isAboutCredential: Bool {
    switch self {
    case .noCredentials, .invalidToken, .expired, .revoked, .reauthenticationRequired, .stepUpRequired: true
    default: false
    }
  }
}

/// A request that may not pass.
package struct Denial: Error, Sendable, Equatable {
  package let reason: DenialReason
  /// `WWW-Authenticate` (RFC 6750, section 3; RFC 9470, section 3).
  package let challenge: String
  /// Seconds, where waiting helps.
  package let retryAfter: Int?

  /// A denial that says no more than its reason. `hasCredential`: whether one was sent at all; the challenge has no `error` where
  /// not, and none for what RFC 6750 has no word for.
  package init(_ reason: DenialReason, hasCredential: Bool, retryAfter: Int? = nil) {
    let error: String? =
      switch reason {
      case .noCredentials, .rateLimited, .budgetExhausted, .unavailable: nil
      case .invalidToken, .expired, .revoked: "invalid_token"
      case .insufficientPermission, .insufficientRole, .wrongAudience, .banned, .noRule: "insufficient_scope"
      case .ambiguousPath: "invalid_request"
      case .reauthenticationRequired, .stepUpRequired: "insufficient_user_authentication"
      }
    self.init(reason, challenge: Self.challenge(hasCredential ? error : nil), retryAfter: retryAfter)
  }

  init(_ reason: DenialReason, challenge: String, retryAfter: Int? = nil) {
    self.reason = reason
    self.challenge = challenge
    self.retryAfter = retryAfter
  }

  static func challenge(_ error: String?, _ parameters: [(String, String)] = []) -> String {
    guard let error else { return "Bearer" }
    return "Bearer " + ([("error", error)] + parameters).map { "\($0)=\"\($1)\"" }.joined(separator: ", ")
  }
}
