internal import HTTP

/// Contract, section 6.
extension OperationDescription {
  static var administration: [OperationDescription] {
    users + applications + assignments + roles + separations + userSessions + signingKeys + audit
  }

  private static var users: [OperationDescription] {
    [
      admin(.get, "/users", "Lists the users by name", [Answer(200, "A page", .page(of: .named(.user)))]),
      admin(
        .post, "/users", "Makes a user with a password, a TOTP factor and recovery codes, or one who is invited",
        input: AdministrationSchemas.newUser,
        [Answer(201, "The user, and what is shown once", .named(.userEnrolment), headers: ["ETag", "Location"])],
        problems: [.conflict, .weakPassword, .overloaded]),
      admin(.get, "/users/{id}", "Shows a user", [Answer(200, "The user", .named(.user), headers: ["ETag"])], problems: [.notFound]),
      admin(
        .patch, "/users/{id}", "Changes a user", input: AdministrationSchemas.userPatch,
        [Answer(200, "The user as it is now", .named(.user), headers: ["ETag"])],
        problems: [.notFound, .conflict, .preconditionFailed], headers: [.ifMatch]),
      admin(
        .delete, "/users/{id}", "Deletes a user with sessions, factors and grants", [Answer(204, "Deleted")],
        problems: [.notFound, .conflict, .preconditionFailed], headers: [.mayIfMatch]),
      admin(
        .post, "/users/{id}/invitation", "Gives a user without a second factor an invitation",
        [Answer(201, "Shown once", AdministrationSchemas.invitation)], problems: [.notFound, .conflict]),
      admin(
        .post, "/users/{id}/unlock", "Lets password and factors be tried again after too many failures", [Answer(204, "Unlocked")],
        problems: [.notFound]),
      admin(
        .get, "/users/{id}/factors", "Lists a user's factors", [Answer(200, "All of them", .page(of: .named(.factor)))],
        problems: [.notFound]),
    ]
  }

  private static var applications: [OperationDescription] {
    [
      admin(.get, "/apps", "Lists the applications by name", [Answer(200, "A page", .page(of: .named(.application)))]),
      admin(
        .post, "/apps", "Makes an application with a client secret and an API key", input: AdministrationSchemas.newApplication,
        [Answer(201, "The application, and what is shown once", .named(.applicationEnrolment), headers: ["ETag", "Location"])],
        problems: [.conflict]),
      admin(
        .get, "/apps/{id}", "Shows an application", [Answer(200, "The application", .named(.application), headers: ["ETag"])],
        problems: [.notFound]),
      admin(
        .patch, "/apps/{id}", "Changes an application", input: AdministrationSchemas.applicationPatch,
        [Answer(200, "The application as it is now", .named(.application), headers: ["ETag"])],
        problems: [.notFound, .preconditionFailed], headers: [.ifMatch]),
      admin(
        .delete, "/apps/{id}", "Deletes an application with keys, grants and its users' sessions", [Answer(204, "Deleted")],
        problems: [.notFound, .preconditionFailed], headers: [.mayIfMatch]),
    ] + keys
  }

  private static var keys: [OperationDescription] {
    [
      admin(
        .get, "/apps/{id}/keys", "Lists an application's keys", [Answer(200, "All of them", .page(of: .named(.apiKey)))],
        problems: [.notFound]),
      admin(
        .post, "/apps/{id}/keys", "Makes a key", input: AdministrationSchemas.newKey, [Answer(201, "The key", .named(.issuedKey))],
        problems: [.notFound]),
      admin(.delete, "/apps/{id}/keys/{key}", "Ends a key at once", [Answer(204, "Ended")], problems: [.notFound]),
      admin(
        .post, "/apps/{id}/keys/{key}/rotate", "Makes a key in the place of another, which ends at once",
        [Answer(201, "The new key", .named(.issuedKey))], problems: [.notFound]),
    ]
  }

  private static var userSessions: [OperationDescription] {
    [
      admin(
        .get, "/sessions", "Lists the live sessions in the order in which they began", [Answer(200, "A page", .page(of: .named(.session)))]),
      admin(.delete, "/sessions/{id}", "Ends a session at once", [Answer(204, "Ended")], problems: [.notFound]),
      admin(
        .get, "/users/{id}/sessions", "Lists a user's live sessions, the newest first",
        [Answer(200, "All of them", .page(of: .named(.session)))], problems: [.notFound]),
      admin(.delete, "/users/{id}/sessions", "Ends a user's sessions at once", [Answer(204, "Ended")], problems: [.notFound]),
    ]
  }

  private static var signingKeys: [OperationDescription] {
    [
      admin(.get, "/keys", "Lists the signing keys and their stages", [Answer(200, "All of them", .page(of: .named(.signingKey)))]),
      admin(
        .post, "/keys/rotate", "Publishes successors of the signing keys, which sign after keys.publicationLead",
        input: AdministrationSchemas.keyRotation, [Answer(200, "The keys as they are now", .page(of: .named(.signingKey)))],
        problems: [.conflict]),
      admin(
        .delete, "/keys/{kid}", "Takes a signing key out of use: every token by it is refused from now on", [Answer(204, "Gone")],
        problems: [.notFound]),
    ]
  }

  private static var audit: [OperationDescription] {
    [admin(.get, "/audit", "Lists the record, the oldest entry first", [Answer(200, "A page", .page(of: .named(.auditEntry)))])]
  }

  static func admin(
    _ method: HTTP.Method, _ path: String, _ summary: String, input: Schema? = nil, _ answers: [Answer],
    problems: [ProblemCode] = [], headers: [RequestHeader] = []
  ) -> OperationDescription {
    OperationDescription(method, "/admin/v1" + path, summary, input: input, answers, problems: problems, headers: headers)
  }
}
