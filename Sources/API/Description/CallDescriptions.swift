internal import HTTP

/// Contract, sections 1 and 2.
extension OperationDescription {
  static var signIn: [OperationDescription] {
    [
      OperationDescription(
        .post, "/auth", "Sign in with username, password and second factor", input: .named(.signIn),
        [Answer(200, "Signed in", .named(.signedIn), headers: ["X-Auth-Outcome"])],
        problems: [.invalidCredentials, .mfaRequired, .mfaEnrollmentRequired, .tooManyAttempts, .factorUnavailable, .overloaded]),
      OperationDescription(
        .post, "/auth/mfa", "Answer a challenge with the second factor",
        input: .input([
          .always("challenge", .string()), .always("method", .string(oneOf: ["totp", "webauthn", "email", "sms", "recovery_code"])),
          .maybe("code", .string(lengths: 1...64)),
          .maybe("credential", CallSchemas.credential("Of webauthn, in the place of code: AuthenticationResponseJSON.")),
        ]),
        [Answer(200, "Signed in", .named(.signedIn), headers: ["X-Auth-Outcome"])],
        problems: [.invalidChallenge, .invalidChallengeResponse, .factorUnavailable, .tooManyAttempts]),
      OperationDescription(
        .post, "/auth/passkey/options", "Begin a sign-in by a passkey alone", input: SessionSchemas.nothing,
        [Answer(200, "A challenge, and what the browser needs", CallSchemas.passkeyRequest, headers: ["X-Auth-Outcome"])]),
      OperationDescription(
        .post, "/auth/passkey", "Sign in by a passkey alone, which has to verify its user",
        input: .input(
          [
            .always("challenge", .string()), .always("credential", CallSchemas.credential("AuthenticationResponseJSON.")),
          ] + CallSchemas.requestedSession),
        [Answer(200, "Signed in", .named(.signedIn), headers: ["X-Auth-Outcome"])], problems: [.invalidChallenge, .invalidCredentials]),
      OperationDescription(
        .post, "/auth/mfa/send", "Have a code sent for a challenge",
        input: .input([.always("challenge", .string()), .always("method", .string(oneOf: ["email", "sms"]))]),
        [Answer(202, "The same whether a code was sent or held back", CallSchemas.sentCode, headers: ["X-Auth-Outcome"])],
        problems: [.invalidChallenge, .factorUnavailable]),
      OperationDescription(
        .post, "/auth/refresh", "Exchange a refresh token for a new pair of tokens", input: .input([.always("refresh_token", .string())]),
        [Answer(200, "Both tokens, new", .named(.signedIn), headers: ["X-Auth-Outcome"])],
        problems: [.invalidToken, .expired, .revoked, .refreshTokenReused, .insufficientPermission]),
      OperationDescription(
        .get, "/auth/me", "Who the caller is and what this session may do", [Answer(200, "User, session and rights", CallSchemas.me)]),
    ]
  }

  static var tokens: [OperationDescription] {
    [
      OperationDescription(
        .post, "/oauth/token", "Get an access token (RFC 6749)",
        input: .object([
          .always("grant_type", .string(oneOf: ["client_credentials", "refresh_token"])),
          .maybe("refresh_token", .string()), .maybe("client_id", .string()),
          .maybe("client_secret", .string("Where HTTP Basic is not used.")), .maybe("scope", .string()), .maybe("resource", .string()),
        ]),
        [
          Answer(
            200, "A token",
            .object([
              .always("access_token", .string()), .always("token_type", .string(oneOf: ["Bearer"])), .always("expires_in", .integer()),
              .always("scope", .string()),
            ])),
          Answer(400, "Refused", .named(.oauthError)), Answer(401, "The application could not be authenticated", .named(.oauthError)),
        ]),
      OperationDescription(
        .post, "/oauth/introspect", "What a token is worth now (RFC 7662)",
        input: .object([
          .always("token", .string()), .maybe("token_type_hint", .string()), .maybe("client_id", .string()),
          .maybe("client_secret", .string()),
        ]),
        [
          Answer(200, "active, and if so what it says and what its holder may do now", .object([.always("active", .boolean())])),
          Answer(400, "Refused", .named(.oauthError)), Answer(401, "The application could not be authenticated", .named(.oauthError)),
        ]),
      OperationDescription(
        .post, "/oauth/revoke", "End a token (RFC 7009); a user's ends its session",
        input: .object([
          .always("token", .string()), .maybe("token_type_hint", .string()), .maybe("client_id", .string()),
          .maybe("client_secret", .string()),
        ]),
        [
          Answer(200, "It is worth nothing now"), Answer(400, "Refused", .named(.oauthError)),
          Answer(401, "The application could not be authenticated", .named(.oauthError)),
          Answer(503, "Too many are revoked already", .named(.oauthError), headers: ["Retry-After"]),
        ]),
      OperationDescription(
        .get, "/oauth/revocations", "What verifiers elsewhere have to refuse, signed, from a cursor on",
        [Answer(200, "A page of the feed, as a JWS", .string(), type: "application/cf-revocations+jwt")]),
      OperationDescription(
        .get, "/.well-known/jwks.json", "The keys that tokens are signed with (RFC 7517)",
        [
          Answer(
            200, "The key set", .object([.always("keys", .array(of: .map(of: .string())))]), type: "application/jwk-set+json",
            headers: ["ETag"]),
          Answer(304, "As it was"),
        ]),
      OperationDescription(
        .get, "/.well-known/oauth-authorization-server", "What this server offers (RFC 8414)",
        [Answer(200, "The metadata", .object([.always("issuer", .string(format: "uri"))]))]),
    ]
  }

  /// What runs the server asks of it.
  static var operations: [OperationDescription] {
    [
      OperationDescription(
        .get, "/openapi.json", "This description (OpenAPI 3.1)",
        [
          Answer(200, "The description", .object([.always("openapi", .string())]), headers: ["ETag"]), Answer(304, "As it was"),
        ]),
      OperationDescription(
        .get, "/healthz", "Whether the process answers", [Answer(200, "It does", .object([.always("status", .string())]))]),
      OperationDescription(
        .get, "/readyz", "Whether this process can serve",
        [Answer(200, "It can", readiness), Answer(503, "It cannot", readiness)]),
    ]
  }

  private static var readiness: Schema {
    .object([.always("status", .string()), .always("store", .boolean()), .always("keys", .boolean())])
  }
}
