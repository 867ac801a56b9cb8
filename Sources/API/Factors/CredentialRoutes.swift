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
      row(.post, "/auth/recovery/start", .signIn, .strict, .json, own.recoveryStart),
      row(.post, "/auth/recovery/options", .signIn, .strict, .json, own.recoveryOptions),
      row(.post, "/auth/recovery/send", .signIn, .strict, .json, own.recoverySend),
      row(.post, "/auth/recovery/finish", .signIn, .strict, .json, own.recoveryFinish),
      row(.post, "/auth/register", .signIn, .strict, .json, own.registration),
      row(.post, "/auth/address", .user, .strict, .json, own.address),
      row(.post, "/auth/address/confirm", .user, .strict, .json, own.confirmAddress),
      row(.get, "/invitation", .anyone, .relaxed, .none, own.landing),
      row(.get, "/recovery", .anyone, .relaxed, .none, own.landing),
      row(.get, "/registration", .anyone, .relaxed, .none, own.landing),
      row(.get, "/verification", .anyone, .relaxed, .none, own.landing),
      row(.get, "/auth/factors", .user, .relaxed, .none, own.factors),
      row(.delete, "/auth/factors/{id}", .user, .normal, .none, own.endFactor),
      row(.post, "/auth/factors/recovery-codes", .user, .normal, .emptyJSON, own.recoveryCodes),
      row(.post, "/auth/factors/webauthn/options", .enroller, .normal, .emptyJSON, own.newPasskey),
      row(.post, "/auth/factors/webauthn", .enroller, .strict, .json, own.confirmPasskey),
      row(.post, "/auth/factors/totp", .enroller, .normal, .emptyJSON, own.newTOTP),
      row(.post, "/auth/factors/totp/{id}/confirm", .enroller, .strict, .json, own.confirmTOTP),
      row(.post, "/auth/factors/email", .enroller, .strict, .json, own.newEmail),
      row(.post, "/auth/factors/email/{id}/confirm", .enroller, .strict, .json, own.confirmEmail),
      row(.post, "/auth/factors/sms", .enroller, .strict, .json, own.newSMS),
      row(.post, "/auth/factors/sms/{id}/confirm", .enroller, .strict, .json, own.confirmSMS),
    ]
  }
}

/// The endpoints of these rows.
struct CredentialEndpoints: Sendable {
  let password: PasswordEndpoint
  let devices: DevicesEndpoint
  let endDevice: DeviceEndEndpoint
  let invitation: InvitationEndpoint
  let recoveryStart: RecoveryStartEndpoint
  let recoveryOptions: RecoveryOptionsEndpoint
  let recoverySend: RecoverySendEndpoint
  let recoveryFinish: RecoveryFinishEndpoint
  let registration: RegistrationEndpoint
  let address: AddressEndpoint
  let confirmAddress: AddressConfirmationEndpoint
  let landing = LandingEndpoint()
  let factors: FactorsEndpoint
  let endFactor: FactorEndEndpoint
  let recoveryCodes: RecoveryCodesEndpoint
  let newPasskey: PasskeyOfferEndpoint
  let confirmPasskey: PasskeyConfirmationEndpoint
  let newTOTP: TOTPEnrollmentEndpoint
  let confirmTOTP: TOTPConfirmationEndpoint
  let newEmail: CodeEnrollmentEndpoint
  let confirmEmail: CodeConfirmationEndpoint
  let newSMS: CodeEnrollmentEndpoint
  let confirmSMS: CodeConfirmationEndpoint

  init(_ services: CredentialServices) {
    password = PasswordEndpoint(change: services.passwordChange)
    devices = DevicesEndpoint(devices: services.devices)
    endDevice = DeviceEndEndpoint(devices: services.devices)
    invitation = InvitationEndpoint(invitations: services.invitations)
    recoveryStart = RecoveryStartEndpoint(recovery: services.recovery)
    recoveryOptions = RecoveryOptionsEndpoint(recovery: services.recovery)
    recoverySend = RecoverySendEndpoint(codes: services.codes)
    recoveryFinish = RecoveryFinishEndpoint(recovery: services.recovery)
    registration = RegistrationEndpoint(registration: services.registration)
    address = AddressEndpoint(changes: services.addresses)
    confirmAddress = AddressConfirmationEndpoint(changes: services.addresses)
    factors = FactorsEndpoint(factors: services.factors)
    endFactor = FactorEndEndpoint(factors: services.factors)
    recoveryCodes = RecoveryCodesEndpoint(factors: services.factors)
    newPasskey = PasskeyOfferEndpoint(enrollments: services.enrollments)
    confirmPasskey = PasskeyConfirmationEndpoint(enrollments: services.enrollments)
    newTOTP = TOTPEnrollmentEndpoint(enrollments: services.enrollments)
    confirmTOTP = TOTPConfirmationEndpoint(enrollments: services.enrollments)
    newEmail = CodeEnrollmentEndpoint(enrollments: services.enrollments, channel: .mail)
    confirmEmail = CodeConfirmationEndpoint(enrollments: services.enrollments, method: .email)
    newSMS = CodeEnrollmentEndpoint(enrollments: services.enrollments, channel: .sms)
    confirmSMS = CodeConfirmationEndpoint(enrollments: services.enrollments, method: .sms)
  }
}
