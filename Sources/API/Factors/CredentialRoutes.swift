internal import Defense
internal import HTTP
internal import Identity

/// Contract, section 3: second factors and the ways to them.
extension Routes {
  var credentials: [RouteRow] {
    let own = endpoints.credentials
    return [
      row(.get, "/auth/factors", .user, .relaxed, .none, own.factors),
      row(.delete, "/auth/factors/{id}", .user, .normal, .none, own.endFactor),
      row(.post, "/auth/factors/recovery-codes", .user, .normal, .emptyJSON, own.recoveryCodes),
      row(.post, "/auth/factors/webauthn/options", .enroller, .normal, .emptyJSON, own.newPasskey),
      row(.post, "/auth/factors/webauthn", .enroller, .strict, .json, own.confirmPasskey),
      row(.post, "/auth/factors/totp", .enroller, .normal, .emptyJSON, own.newTOTP),
      row(.post, "/auth/factors/totp/{id}/confirm", .enroller, .strict, .json, own.confirmTOTP),
    ]
  }
}

/// The endpoints of these rows.
struct CredentialEndpoints: Sendable {
  let factors: FactorsEndpoint
  let endFactor: FactorEndEndpoint
  let recoveryCodes: RecoveryCodesEndpoint
  let newPasskey: PasskeyOfferEndpoint
  let confirmPasskey: PasskeyConfirmationEndpoint
  let newTOTP: TOTPEnrollmentEndpoint
  let confirmTOTP: TOTPConfirmationEndpoint

  init(_ services: CredentialServices) {
    factors = FactorsEndpoint(factors: services.factors)
    endFactor = FactorEndEndpoint(factors: services.factors)
    recoveryCodes = RecoveryCodesEndpoint(factors: services.factors)
    newPasskey = PasskeyOfferEndpoint(enrollments: services.enrollments)
    confirmPasskey = PasskeyConfirmationEndpoint(enrollments: services.enrollments)
    newTOTP = TOTPEnrollmentEndpoint(enrollments: services.enrollments)
    confirmTOTP = TOTPConfirmationEndpoint(enrollments: services.enrollments)
  }
}
