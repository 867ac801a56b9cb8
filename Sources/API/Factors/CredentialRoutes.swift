internal import Defense
internal import HTTP
internal import Identity

/// Contract, section 3: second factors and the ways to them.
extension Routes {
  var credentials: [RouteRow] {
    let own = endpoints.credentials
    return [
      row(.post, "/auth/password", .user, .strict, .json, own.password),
      row(.get, "/auth/devices", .user, .relaxed, .none, own.devices),
      row(.delete, "/auth/devices/{id}", .user, .normal, .none, own.endDevice),
      row(.post, "/auth/invitation/accept", .signIn, .strict, .json, own.invitation),
      row(.get, "/invitation", .anyone, .relaxed, .none, own.landing),
      row(.get, "/recovery", .anyone, .relaxed, .none, own.landing),
      row(.get, "/registration", .anyone, .relaxed, .none, own.landing),
      row(.get, "/verification", .anyone, .relaxed, .none, own.landing),
      row(.get, "/auth/factors", .user, .relaxed, .none, own.factors),
      row(.delete, "/auth/factors/{id}", .user, .normal, .none, own.endFactor),
      row(.post, "/auth/factors/recovery-codes", .user, .normal, .emptyJSON, own.recoveryCodes),
      row(.post, "/auth/factors/totp", .enroller, .normal, .emptyJSON, own.newTOTP),
      row(.post, "/auth/factors/totp/{id}/confirm", .enroller, .strict, .json, own.confirmTOTP),
    ]
  }
}

/// The endpoints of these rows.
struct CredentialEndpoints: Sendable {
  let password: PasswordEndpoint
  let devices: DevicesEndpoint
  let endDevice: DeviceEndEndpoint
  let invitation: InvitationEndpoint
  let landing = LandingEndpoint()
  let factors: FactorsEndpoint
  let endFactor: FactorEndEndpoint
  let recoveryCodes: RecoveryCodesEndpoint
  let newTOTP: TOTPEnrollmentEndpoint
  let confirmTOTP: TOTPConfirmationEndpoint

  init(_ services: CredentialServices) {
    password = PasswordEndpoint(change: services.passwordChange)
    devices = DevicesEndpoint(devices: services.devices)
    endDevice = DeviceEndEndpoint(devices: services.devices)
    invitation = InvitationEndpoint(invitations: services.invitations)
    factors = FactorsEndpoint(factors: services.factors)
    endFactor = FactorEndEndpoint(factors: services.factors)
    recoveryCodes = RecoveryCodesEndpoint(factors: services.factors)
    newTOTP = TOTPEnrollmentEndpoint(enrollments: services.enrollments)
    confirmTOTP = TOTPConfirmationEndpoint(enrollments: services.enrollments)
  }
}
