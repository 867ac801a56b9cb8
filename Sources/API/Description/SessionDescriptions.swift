internal import HTTP

/// Contract, section 1: what a signed-in user asks; and section 4: what gateways ask.
extension OperationDescription {
  static var sessions: [OperationDescription] {
    [
      OperationDescription(.post, "/auth/logout", "End this session", input: SessionSchemas.nothing, [Answer(204, "Ended")]),
      OperationDescription(
        .get, "/auth/sessions", "Where the user is signed in", [Answer(200, "The live sessions, the newest first", SessionSchemas.sessions)]
      ),
      OperationDescription(.delete, "/auth/sessions", "End all of the user's sessions but this one", [Answer(204, "Ended")]),
      OperationDescription(
        .delete, "/auth/sessions/{id}", "End one of the user's sessions", [Answer(204, "Ended")], problems: [.notFound]),
      OperationDescription(
        .post, "/auth/step-up", "Begin to prove a factor again", input: SessionSchemas.stepUp,
        [Answer(200, "A challenge", SessionSchemas.challenge)], problems: [.factorUnavailable]),
      OperationDescription(
        .post, "/auth/step-up/send", "Have a code sent for a step-up",
        input: .input([.always("challenge", .string()), .always("method", .string(oneOf: ["email", "sms"]))]),
        [Answer(202, "The same whether a code was sent or held back", CallSchemas.sentCode)],
        problems: [.invalidChallenge, .factorUnavailable]),
      OperationDescription(
        .post, "/auth/step-up/finish", "Prove a factor again",
        input: .input([
          .always("challenge", .string()), .always("method", .string(oneOf: ["totp", "email", "sms", "recovery_code"])),
          .always("code", .string(lengths: 1...64)),
        ]),
        [Answer(200, "A proof, good once, and a token with a new auth_time", SessionSchemas.proof)],
        problems: [.invalidChallenge, .invalidChallengeResponse, .factorUnavailable, .tooManyAttempts, .insufficientPermission]),
    ] + userKeys
  }

  private static var userKeys: [OperationDescription] {
    [
      OperationDescription(
        .get, "/auth/keys", "List the user's live keys", [Answer(200, "The keys, without their secrets", SessionSchemas.userKeys)]),
      OperationDescription(
        .post, "/auth/keys", "Make a key of the user's own", input: SessionSchemas.newUserKey,
        [Answer(201, "The key, shown once", SessionSchemas.issuedUserKey)], problems: [.reauthenticationRequired, .conflict],
        headers: [RequestHeader(name: "X-Step-Up", description: "A proof, where the body holds none.", isRequired: false)]),
      OperationDescription(.delete, "/auth/keys/{id}", "End a key", [Answer(204, "Ended")], problems: [.notFound]),
    ]
  }
}

/// The shapes of a user's sessions and keys.
enum SessionSchemas {
  static var nothing: Schema { .input([]) }

  static var stepUp: Schema {
    .input([.maybe("purpose", .string(oneOf: ["factors", "password", "keys", "address"]))])
  }

  static var sessions: Schema {
    .object([
      .always(
        "sessions",
        .array(
          of: .object([
            .always("id", .identifier), .always("created_at", .time), .always("last_used_at", .time), .always("expires_at", .time),
            .always("client_id", .string()), .always("address", .string()), .always("user_agent", .string()),
            .always("device", .string()), .always("current", .boolean()),
          ]))),
      .always("request_id", .string()),
    ])
  }

  static var challenge: Schema {
    .object([
      .always("challenge", .string()), .always("methods", .strings), .always("expires_in", .integer("Seconds.")),
      .always("request_id", .string()),
    ])
  }

  static var proof: Schema {
    .object([
      .always("proof", .string()), .always("expires_in", .integer("Seconds.")), .always("access_token", .string()),
      .always("token_type", .string(oneOf: ["Bearer"])), .always("access_expires_in", .integer("Seconds.")),
      .always("request_id", .string()),
    ])
  }

  static var userKey: Schema {
    .object([
      .always("id", .identifier), .always("name", .string()), .always("roles", .strings), .always("created_at", .time),
      .always("expires_at", .time),
    ])
  }

  static var userKeys: Schema { .object([.always("keys", .array(of: .named(.userKey))), .always("request_id", .string())]) }

  static var newUserKey: Schema {
    .input([
      .always("name", .string(lengths: 1...64)), .always("roles", .array(of: .string(), "Of those that the user holds.")),
      .always("expires_in", .integer("Seconds.")), .maybe("proof", .string("From step-up.")),
    ])
  }

  static var issuedUserKey: Schema {
    .object([
      .always("id", .identifier), .always("key", .string("Shown once.")), .always("name", .string()), .always("roles", .strings),
      .always("created_at", .time), .always("expires_at", .time), .always("request_id", .string()),
    ])
  }
}
