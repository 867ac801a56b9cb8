/// An error answer of the token endpoint (RFC 6749, section 5.2).
package struct OAuthError: Error, Sendable, Equatable {
  package enum Code: String, Sendable {
    case invalidRequest = "invalid_request"
    case invalidClient = "invalid_client"
    case invalidGrant = "invalid_grant"
    case invalidScope = "invalid_scope"
    case invalidTarget = "invalid_target"
    case unauthorizedClient = "unauthorized_client"
    case unsupportedGrantType = "unsupported_grant_type"
    /// Answered 503: trying again later helps.
    case temporarilyUnavailable = "temporarily_unavailable"
  }

  package let code: Code
  package let detail: String

  package init(_ code: Code, _ detail: String) {
    self.code = code
    self.detail = detail
  }
}
