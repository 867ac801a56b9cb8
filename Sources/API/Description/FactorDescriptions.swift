internal import HTTP

/// Contract, section 3: what users do with their second factors.
extension OperationDescription {
  static var factors: [OperationDescription] {
    own + [
      OperationDescription(
        .post, "/auth/invitation/accept", "Accept an invitation: sets the password, or checks it where there is one",
        input: FactorSchemas.acceptance,
        [Answer(200, "An enrolment token, for a first factor", FactorSchemas.accepted, headers: ["X-Auth-Outcome"])],
        problems: [.invalidInvitation, .invalidCredentials, .weakPassword, .tooManyAttempts, .overloaded]),
      OperationDescription(
        .post, "/auth/password", "Change the password; other sessions end, devices become strangers", input: FactorSchemas.newPassword,
        [Answer(204, "Changed")],
        problems: [.reauthenticationRequired, .invalidCredentials, .weakPassword, .tooManyAttempts, .overloaded], headers: [.stepUp]),
      OperationDescription(
        .get, "/auth/devices", "List the devices that the account knows", [Answer(200, "The last used first", FactorSchemas.devices)]),
      OperationDescription(.delete, "/auth/devices/{id}", "Forget a device", [Answer(204, "Forgotten")], problems: [.notFound]),
    ] + recoveries + landings
  }

  private static var recoveries: [OperationDescription] {
    [
      OperationDescription(
        .post, "/auth/recovery/start", "Ask for a recovery code by mail; the answer is the same whoever is named",
        input: .input([.always("username", .string(lengths: 1...254))]),
        [Answer(202, "Whatever was sent", FactorSchemas.expiry, headers: ["X-Auth-Outcome"])]),
      OperationDescription(
        .post, "/auth/recovery/options", "What a recovery can be finished with; uses nothing",
        input: .input([.always("code", .string())]),
        [Answer(200, "The methods, and what a browser needs for a passkey", FactorSchemas.recoveryOptions, headers: ["X-Auth-Outcome"])],
        problems: [.invalidChallenge]),
      OperationDescription(
        .post, "/auth/recovery/send", "Send the code of an email or SMS factor for a recovery; never to the mailbox that recovers",
        input: .input([.always("code", .string()), .always("method", .string(oneOf: ["email", "sms"]))]),
        [Answer(202, "Whatever was sent", FactorSchemas.sent, headers: ["X-Auth-Outcome"])],
        problems: [.invalidChallenge, .factorUnavailable]),
      OperationDescription(
        .post, "/auth/recovery/finish", "Set a new password by code and second factor; signing in comes after",
        input: FactorSchemas.recovery, [Answer(204, "Recovered", headers: ["X-Auth-Outcome"])],
        problems: [.invalidChallenge, .invalidChallengeResponse, .factorUnavailable, .weakPassword, .tooManyAttempts, .overloaded]),
      OperationDescription(
        .post, "/auth/register", "Ask for an account; the answer is the same whether the address has one",
        input: .input([.always("email", .string(lengths: 3...254))]),
        [Answer(202, "Whatever was sent", FactorSchemas.expiry, headers: ["X-Auth-Outcome"])], problems: [.forbidden]),
      OperationDescription(
        .post, "/auth/address", "Begin to change the email address or telephone number", input: FactorSchemas.address,
        [Answer(202, "A code was sent to the new one", FactorSchemas.sent)],
        problems: [.reauthenticationRequired, .invalidCredentials, .tooManyAttempts, .overloaded], headers: [.stepUp]),
      OperationDescription(
        .post, "/auth/address/confirm", "Confirm a new address by the code that was sent there",
        input: .input([.always("code", .string(lengths: 1...100))]), [Answer(204, "Changed")], problems: [.invalidChallengeResponse]),
    ]
  }

  /// Where links lead that carry a code, unless the configuration says otherwise.
  private static var landings: [OperationDescription] {
    ["/invitation", "/recovery", "/registration", "/verification"].map { path in
      OperationDescription(
        .get, path, "What to do with the code of a link; uses nothing",
        [Answer(200, "A sentence", .string(), type: "text/plain; charset=utf-8")])
    }
  }

  private static var own: [OperationDescription] {
    [
      OperationDescription(
        .get, "/auth/factors", "List the user's factors", [Answer(200, "The factors, the oldest first", FactorSchemas.factors)]),
      OperationDescription(
        .delete, "/auth/factors/{id}", "Remove a factor; the last one stays", [Answer(204, "Removed")],
        problems: [.reauthenticationRequired, .notFound, .conflict], headers: [.stepUp]),
      OperationDescription(
        .post, "/auth/factors/recovery-codes", "Get ten new recovery codes; the old ones are dead", input: FactorSchemas.proof,
        [Answer(200, "The codes, shown once", FactorSchemas.recoveryCodes)], problems: [.reauthenticationRequired], headers: [.stepUp]),
      OperationDescription(
        .post, "/auth/factors/webauthn/options", "Begin to enrol a passkey", input: FactorSchemas.proof,
        [Answer(201, "A challenge, and what the browser needs", FactorSchemas.offeredPasskey, headers: ["X-Auth-Outcome"])],
        problems: [.reauthenticationRequired, .conflict], headers: [.stepUp]),
      OperationDescription(
        .post, "/auth/factors/webauthn", "Enrol the passkey that the browser made", input: FactorSchemas.newPasskey,
        [Answer(200, "The factor; for the first one what POST /auth answers", FactorSchemas.confirmed, headers: ["X-Auth-Outcome"])],
        problems: [.invalidChallenge, .invalidChallengeResponse, .conflict, .insufficientPermission]),
      OperationDescription(
        .post, "/auth/factors/totp", "Begin to enrol an authenticator app", input: FactorSchemas.newTOTP,
        [Answer(201, "The secret, shown once", FactorSchemas.offeredTOTP, headers: ["X-Auth-Outcome"])],
        problems: [.reauthenticationRequired, .conflict], headers: [.stepUp]),
      OperationDescription(
        .post, "/auth/factors/totp/{id}/confirm", "Confirm an authenticator app by its first code", input: FactorSchemas.code,
        [Answer(200, "The factor; for the first one what POST /auth answers", FactorSchemas.confirmed, headers: ["X-Auth-Outcome"])],
        problems: [.invalidChallengeResponse, .notFound, .insufficientPermission]),
    ] + codes("email", "a mail address", FactorSchemas.newEmail) + codes("sms", "a telephone number", FactorSchemas.newSMS)
  }

  private static func codes(_ method: String, _ what: String, _ input: Schema) -> [OperationDescription] {
    [
      OperationDescription(
        .post, "/auth/factors/\(method)", "Begin to enrol \(what) that codes are sent to", input: input,
        [Answer(201, "A code is on its way, unless too many were sent", FactorSchemas.sentCode, headers: ["X-Auth-Outcome"])],
        problems: [.reauthenticationRequired, .conflict, .factorUnavailable], headers: [.stepUp]),
      OperationDescription(
        .post, "/auth/factors/\(method)/{id}/confirm", "Confirm \(what) by the code that was sent there", input: FactorSchemas.code,
        [Answer(200, "The factor; for the first one what POST /auth answers", FactorSchemas.confirmed, headers: ["X-Auth-Outcome"])],
        problems: [.invalidChallengeResponse, .notFound, .insufficientPermission]),
    ]
  }
}

extension OperationDescription.RequestHeader {
  static let stepUp = OperationDescription.RequestHeader(
    name: "X-Step-Up", description: "A proof, where the body holds none.", isRequired: false)
}

/// The shapes of a user's factors.
enum FactorSchemas {
  static var proof: Schema { .input([.maybe("proof", .string("From step-up."))]) }

  static var expiry: Schema { .object([.always("expires_in", .integer("Seconds.")), .always("request_id", .string())]) }

  static var sent: Schema {
    .object([.always("sent_to", .string("In part.")), .always("expires_in", .integer("Seconds.")), .always("request_id", .string())])
  }

  static var recovery: Schema {
    .input([
      .always("code", .string()), .always("password", .string(format: "password", lengths: 8...256)),
      .always(
        "mfa",
        .input([
          .always("method", .string()), .maybe("code", .string(lengths: 1...64)),
          .maybe("credential", CallSchemas.credential("AuthenticationResponseJSON, in the place of a code.")),
        ])),
    ])
  }

  static var recoveryOptions: Schema {
    .object([.always("methods", .strings), .maybe("webauthn", .object([])), .always("request_id", .string())])
  }

  static var address: Schema {
    .input([
      .maybe("email", .string("This or phone.")), .maybe("phone", .string("As +CC…")), .maybe("proof", .string("From step-up.")),
      .maybe("current", .string("The present password, where there is one.", format: "password", lengths: 1...256)),
    ])
  }

  static var acceptance: Schema {
    .input([.always("code", .string()), .always("password", .string(format: "password", lengths: 1...256))])
  }

  static var accepted: Schema {
    .object([
      .always("enrollment_token", .string("Bearer for POST /auth/factors/…, for a first factor.")),
      .always("expires_in", .integer("Seconds.")),
      .always("user", .object([.always("id", .identifier), .always("username", .string())])), .always("request_id", .string()),
    ])
  }

  static var newPassword: Schema {
    .input([
      .always("current", .string(format: "password", lengths: 1...256)), .always("new", .string(format: "password", lengths: 8...256)),
      .maybe("proof", .string("From step-up.")),
    ])
  }

  static var devices: Schema {
    .object([
      .always(
        "devices",
        .array(
          of: .object([
            .always("id", .identifier), .always("name", .string()), .always("created_at", .time), .always("last_used_at", .time),
            .always("expires_at", .time), .always("current", .boolean()),
          ]))),
      .always("request_id", .string()),
    ])
  }

  static var factors: Schema {
    .object([
      .always(
        "factors",
        .array(
          of: .object([
            .always("id", .identifier), .always("method", .string()), .always("name", .string()), .always("created_at", .time),
            .always("confirmed", .boolean()), .maybe("last_used_at", .time),
            .maybe("address", .string("Where its codes go, masked.")),
            .maybe("remaining", .integer("Recovery codes that are left.")),
          ]))),
      .always("request_id", .string()),
    ])
  }

  static var recoveryCodes: Schema { .object([.always("recovery_codes", .strings), .always("request_id", .string())]) }

  static var newTOTP: Schema {
    .input([.maybe("name", .string(lengths: 0...64)), .maybe("proof", .string("From step-up; an enrolment token needs none."))])
  }

  static var offeredTOTP: Schema {
    .object([
      .always("id", .identifier), .always("secret", .string("Base 32.")), .always("uri", .string(format: "uri")),
      .always("qr_svg", .string("A picture of the URI.")), .always("expires_in", .integer("Seconds.")), .always("request_id", .string()),
    ])
  }

  static var offeredPasskey: Schema {
    .object([
      .always("id", .identifier), .always("challenge", .string()),
      .always("webauthn", .object([])), .always("expires_in", .integer("Seconds.")), .always("request_id", .string()),
    ])
  }

  static var newPasskey: Schema {
    .input([
      .always("challenge", .string()), .maybe("name", .string(lengths: 0...64)),
      .always("credential", CallSchemas.credential("RegistrationResponseJSON.")),
    ])
  }

  static var newEmail: Schema {
    .input([
      .always("address", .string(lengths: 3...254)), .maybe("name", .string(lengths: 0...64)),
      .maybe("proof", .string("From step-up; an enrolment token needs none.")),
    ])
  }

  static var newSMS: Schema {
    .input([
      .always("number", .string("E.164, such as +491701234567.")), .maybe("name", .string(lengths: 0...64)),
      .maybe("proof", .string("From step-up; an enrolment token needs none.")),
    ])
  }

  static var sentCode: Schema {
    .object([
      .always("id", .identifier), .always("sent_to", .string("Masked.")), .always("expires_in", .integer("Seconds.")),
      .always("request_id", .string()),
    ])
  }

  static var code: Schema { .input([.always("code", .string(lengths: 1...64))]) }

  static var confirmed: Schema {
    .object([
      .maybe("id", .identifier), .maybe("method", .string()), .maybe("name", .string()), .maybe("confirmed", .boolean()),
      .maybe("access_token", .string("Of the first session; then all of SignedIn is there.")), .always("request_id", .string()),
    ])
  }
}
