/// Every problem that an answer may name (contract, section 8), with the one status that goes with it.
package enum ProblemCode: String, Sendable, CaseIterable {
  case invalidRequest = "invalid_request"
  case invalidHeader = "invalid_header"
  case invalidChallenge = "invalid_challenge"
  case invalidInvitation = "invalid_invitation"
  case factorUnavailable = "factor_unavailable"

  case clientRequired = "client_required"
  case invalidClientToken = "invalid_client_token"
  /// RFC 6749, section 5.2: the token endpoint states it in that section's form.
  case invalidClient = "invalid_client"
  case invalidAPIKey = "invalid_api_key"
  case clientMismatch = "client_mismatch"
  case invalidCredentials = "invalid_credentials"
  case mfaRequired = "mfa_required"
  case mfaEnrollmentRequired = "mfa_enrollment_required"
  case invalidChallengeResponse = "invalid_challenge_response"
  case reauthenticationRequired = "reauthentication_required"
  case invalidToken = "invalid_token"
  case expired = "expired"
  case revoked = "revoked"
  case refreshTokenReused = "refresh_token_reused"
  case noCredentials = "no_credentials"
  case stepUpRequired = "step_up_required"

  case verificationFailed = "verification_failed"
  case forbidden = "forbidden"
  case insufficientPermission = "insufficient_permission"
  case insufficientRole = "insufficient_role"
  case wrongAudience = "wrong_audience"
  case noRule = "no_rule"
  case ambiguousPath = "ambiguous_path"
  case banned = "banned"

  case notFound = "not_found"
  case methodNotAllowed = "method_not_allowed"
  case requestTimeout = "request_timeout"
  case lengthRequired = "length_required"
  case payloadTooLarge = "payload_too_large"
  case uriTooLong = "uri_too_long"
  case unsupportedMediaType = "unsupported_media_type"
  case expectationFailed = "expectation_failed"
  case headersTooLarge = "headers_too_large"

  case conflict = "conflict"
  case separationOfDuty = "separation_of_duty"
  case preconditionFailed = "precondition_failed"
  case weakPassword = "weak_password"
  case breachedPassword = "breached_password"
  case tooManyAttempts = "too_many_attempts"
  case rateLimited = "rate_limited"
  case budgetExhausted = "budget_exhausted"

  case internalError = "internal"
  case notImplemented = "not_implemented"
  case overloaded = "overloaded"
  case unavailable = "unavailable"
  case versionNotSupported = "http_version_not_supported"

  package var status: Status {
    switch self {
    case .invalidRequest, .invalidHeader, .invalidChallenge, .invalidInvitation, .factorUnavailable: 400
    case .clientRequired, .invalidClientToken, .invalidClient, .invalidAPIKey, .clientMismatch, .invalidCredentials,
      .mfaRequired, .mfaEnrollmentRequired, .invalidChallengeResponse, .reauthenticationRequired, .invalidToken, .expired, .revoked,
      .refreshTokenReused, .noCredentials, .stepUpRequired:
      401
    case .verificationFailed, .forbidden, .insufficientPermission, .insufficientRole, .wrongAudience, .noRule, .ambiguousPath, .banned:
      403
    case .notFound: 404
    case .methodNotAllowed: 405
    case .requestTimeout: 408
    case .conflict, .separationOfDuty: 409
    case .lengthRequired: 411
    case .preconditionFailed: 412
    case .payloadTooLarge: 413
    case .uriTooLong: 414
    case .unsupportedMediaType: 415
    case .expectationFailed: 417
    case .weakPassword, .breachedPassword: 422
    case .tooManyAttempts, .rateLimited, .budgetExhausted: 429
    case .headersTooLarge: 431
    case .internalError: 500
    case .notImplemented: 501
    case .overloaded, .unavailable: 503
    case .versionNotSupported: 505
    }
  }
}
