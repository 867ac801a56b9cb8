/// The shapes of `/admin/v1`.
enum AdministrationSchemas {
  private static let email = Schema.string(format: "email")
  private static let phone = Schema.string("E.164: + and 7 to 15 digits.")
  private static let version = Schema.integer("Grows with every change; the ETag.")
  private static let algorithm = Schema.string("What its tokens are signed with.", oneOf: ["ES256", "RS256", "EdDSA"])
  private static let tokenType = Schema.string("The typ of its access tokens.", oneOf: ["at+jwt", "JWT"])
  static let name = Schema.string("Letters, digits and . _ -, beginning with a letter or digit.", lengths: 1...64)

  static var user: Schema {
    .object([
      .always("id", .identifier), .always("username", .string()), .always("enabled", .boolean()), .maybe("email", email),
      .maybe("phone", phone), .always("created_at", .time), .always("version", version),
    ])
  }

  static var newUser: Schema {
    .input([
      .always("username", .string(lengths: 1...254)),
      .maybe("invite", .boolean("True makes no password and no factor, and answers an invitation by which the user sets both.")),
      .maybe("password", .string("Required without `invite`, and refused with it.", format: "password", lengths: 8...256)),
      .maybe("email", email), .maybe("phone", phone), .maybe("roles", .array(of: name, "Needs cf/roles:write as well.")),
    ])
  }

  static var userPatch: Schema {
    .input([
      .maybe("enabled", .boolean("False takes everything from the user at once: sessions end, no door opens.")),
      .maybe("email", .orNull(email)), .maybe("phone", .orNull(phone)),
    ])
  }

  static var userEnrolment: Schema {
    .object(
      [
        .always("id", .identifier), .always("username", .string()),
        .maybe("totp", .object([.always("secret", .string("Base32.")), .always("uri", .string("otpauth://…"))])),
        .maybe("recovery_codes", .strings), .maybe("invitation", invitation),
      ], "Shown once: `totp` and `recovery_codes`, or with `invite` the `invitation`.")
  }

  static var invitation: Schema {
    .object([.always("code", .string()), .always("url", .string(format: "uri")), .always("expires_at", .time)])
  }

  static var factor: Schema {
    .object([
      .always("id", .identifier), .always("method", .string()), .always("failures", .integer("In a row.")), .always("locked", .boolean()),
      .always("created_at", .time), .maybe("confirmed_at", .time), .maybe("last_used_at", .time),
    ])
  }

  static var application: Schema {
    .object([
      .always("id", .identifier), .always("name", name), .always("client_id", .string()), .always("enabled", .boolean()),
      .always("algorithm", algorithm), .always("token_type", tokenType), .always("audiences", .strings), .always("created_at", .time),
      .always("version", version),
    ])
  }

  static var newApplication: Schema {
    .input([.always("name", name), .maybe("audiences", .array(of: .string(lengths: 1...200), "What its tokens may be meant for."))])
  }

  static var applicationPatch: Schema {
    .input([
      .maybe("enabled", .boolean("False takes everything from the application at once.")), .maybe("algorithm", algorithm),
      .maybe("token_type", tokenType),
      .maybe("audiences", .array(of: .string(lengths: 1...200), "What its tokens may be meant for: all of them.")),
    ])
  }

  static var applicationEnrolment: Schema {
    .object(
      [
        .always("id", .identifier), .always("name", name), .always("client_id", .string()), .always("client_secret", .string()),
        .always("api_key", .string()),
      ], "Shown once.")
  }

  static var apiKey: Schema {
    .object([
      .always("id", .identifier), .always("live", .boolean()), .always("created_at", .time), .maybe("expires_at", .time),
      .maybe("revoked_at", .time),
    ])
  }

  static var newKey: Schema {
    .input([.maybe("expires_in", .integer("Seconds; without it the key does not end.", in: 60...315_360_000))])
  }

  static var issuedKey: Schema { .object([.always("id", .identifier), .always("key", .string("Shown once."))]) }

  static var session: Schema {
    .object([
      .always("id", .identifier), .always("user_id", .identifier), .always("username", .string()),
      .maybe("client_id", .string("Which application opened it.")), .always("created_at", .time), .always("last_used_at", .time),
      .always("expires_at", .time), .always("address", .string()), .always("user_agent", .string()), .always("device", .string()),
    ])
  }

  static var signingKey: Schema {
    .object([
      .always("kid", .string()), .always("algorithm", algorithm), .always("state", .string(oneOf: ["published", "active", "retiring"])),
      .always("created_at", .time), .maybe("activated_at", .time), .maybe("next_state", .string()), .maybe("next_at", .time),
    ])
  }

  static var keyRotation: Schema {
    .input([
      .maybe("now", .boolean("Sign with the successors at once: verifiers that keep the published set refuse them until they fetch it.")),
      .maybe("algorithm", algorithm),
    ])
  }

  static var auditEntry: Schema {
    .object([
      .always("sequence", .integer("1, 2, 3 … without a gap.")), .always("happened_at", .time), .always("action", .string()),
      .always("actor", .string()), .always("subject", .string()), .always("request_id", .string()), .always("address", .string()),
      .always("detail", .map(of: .string())),
      .always("digest", .string("SHA-256 over the entry and the digest before it, in hexadecimal.")),
    ])
  }
}
