/// The shapes of signing in, and of refusals.
enum CallSchemas {
  static var problem: Schema {
    .object(
      [
        .always("type", .string(format: "uri")), .always("title", .string()), .always("status", .integer()),
        .always("code", .string("What software decides by.")), .always("detail", .string("What to do, for a person.")),
        .always("request_id", .string()),
        .maybe(
          "errors",
          .array(
            of: .object([
              .always("pointer", .string("JSON pointer (RFC 6901) into the body, or ? and the name of a parameter of the query.")),
              .always("detail", .string()),
            ]))),
        .maybe("webauthn", .object([])), .maybe("challenge", .string("Of mfa_required.")), .maybe("methods", .strings),
        .maybe("expires_in", .integer()),
        .maybe("attempts_left", .integer("Of invalid_challenge_response.")),
      ], "RFC 9457")
  }

  /// What a browser's `toJSON()` gives (WebAuthn, section 5.1).
  static func credential(_ description: String) -> Schema {
    .object([.always("id", .string()), .always("type", .string(oneOf: ["public-key"])), .always("response", .object([]))], description)
  }

  static var passkeyRequest: Schema {
    .object([
      .always("challenge", .string()), .always("expires_in", .integer("Seconds.")),
      .always("webauthn", .object([])), .always("request_id", .string()),
    ])
  }

  static var oauthError: Schema {
    .object([.always("error", .string()), .maybe("error_description", .string())], "RFC 6749, section 5.2")
  }

  static var signIn: Schema {
    .input(
      [
        .always("username", .string(lengths: 1...254)), .always("password", .string(format: "password", lengths: 1...256)),
        .maybe(
          "mfa",
          .input(
            [
              .always("method", .string(oneOf: ["totp", "email", "sms", "recovery_code"])), .always("code", .string(lengths: 1...64)),
            ], "The second factor at once; without it the answer is mfa_required with a challenge.")),
      ] + requestedSession)
  }

  /// However one signs in.
  static var requestedSession: [Schema.Member] {
    [
      .maybe("roles", .array(of: .string(), "Activate only these.")),
      .maybe("audience", .string("For whom the token is meant; this server, unless said.")),
      .maybe("device_token", .string("Of an earlier sign-in from this device.")), .maybe("device", .string("The device's name.")),
    ]
  }

  static var sentCode: Schema {
    .object([
      .always("sent_to", .string("Masked.")), .always("expires_in", .integer("Seconds.")), .always("request_id", .string()),
    ])
  }

  static var signedIn: Schema {
    .object([
      .always("access_token", .string()), .always("token_type", .string(oneOf: ["Bearer"])), .always("expires_in", .integer("Seconds.")),
      .always("refresh_token", .string()), .always("refresh_expires_in", .integer("Seconds.")),
      .always("session_id", .identifier), .always("device_token", .string()),
      .always("user", .object([.always("id", .identifier), .always("username", .string())])), .always("roles", .strings),
      .maybe("roles_inactive", .strings), .always("permissions", .strings), .always("amr", .strings), .always("acr", .string()),
      .always("request_id", .string()),
    ])
  }

  static var me: Schema {
    .object([
      .always(
        "user",
        .object([
          .always("id", .identifier), .always("username", .string()), .maybe("email", .string()), .maybe("phone", .string()),
        ])),
      .always(
        "session",
        .object([
          .always("id", .identifier), .always("created_at", .time), .always("expires_at", .time), .always("amr", .strings),
          .always("acr", .string()),
        ])),
      .always("roles", .strings), .always("permissions", .strings),
      .always(
        "factors",
        .array(
          of: .object([
            .always("id", .identifier), .always("method", .string()), .always("created_at", .time), .maybe("last_used_at", .time),
          ]))),
      .always("request_id", .string()),
    ])
  }
}
