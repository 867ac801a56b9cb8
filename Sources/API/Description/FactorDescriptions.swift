internal import HTTP

/// Contract, section 3: what users do with their second factors.
extension OperationDescription {
  static var factors: [OperationDescription] {
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

  static var factors: Schema {
    .object([
      .always(
        "factors",
        .array(
          of: .object([
            .always("id", .identifier), .always("method", .string()), .always("name", .string()), .always("created_at", .time),
            .always("confirmed", .boolean()), .maybe("last_used_at", .time),
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

  static var code: Schema { .input([.always("code", .string(lengths: 1...64))]) }

  static var confirmed: Schema {
    .object([
      .maybe("id", .identifier), .maybe("method", .string()), .maybe("name", .string()), .maybe("confirmed", .boolean()),
      .maybe("access_token", .string("Of the first session; then all of SignedIn is there.")), .always("request_id", .string()),
    ])
  }
}
