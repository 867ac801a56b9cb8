internal import API
internal import Identity
internal import JSON
internal import Primitives

/// `session …`: who is signed in.
enum SessionCommands {
  static let rows = [list, revoke]

  private static let list = Command(
    "session list", "Lists the live sessions",
    options: [
      .value("user", "NAME", "only this user's"), .value("limit", "N", "at most so many (default 100)"),
      .value("after", "ID", "only those that began after this one"),
    ],
    examples: ["session list", "session list --user alice", "session list --limit 1000 --json"],
    action: .application { invocation, console, application in
      let limit = try invocation.integer("limit", default: 100, in: 1...1_000)
      var listed: [SessionRegister.Listed]
      if invocation.has("user") {
        listed = Array(try await application.sessions.sessions(of: try await account(invocation, application).id).prefix(limit))
      } else {
        let after = try invocation.value("after").map { try id($0, invocation) }
        listed = try await application.sessions.sessions(after: after, limit: limit)
      }
      write(listed, to: console, isJSON: invocation.isJSON)
      if listed.count == limit, let last = listed.last?.session.id, !invocation.has("user") {
        console.note("There may be more: session list --after \(last)")
      }
      return .done
    })

  private static let revoke = Command(
    "session revoke", "Ends a session, a user's sessions, or all of them, at once",
    arguments: [.init("ID", "the session's id, as 'session list' shows it", .optional)],
    options: [.value("user", "NAME", "all of this user's"), .flag("all", "everybody's")],
    examples: ["session revoke 019aa1b2-0000-7000-8000-000000000000", "session revoke --user alice", "session revoke --all"],
    action: .application { invocation, console, application in
      let named = invocation.argumentIfPresent("ID")
      guard [named != nil, invocation.has("user"), invocation.has("all")].count(where: \.self) == 1 else {
        throw invocation.wrong("name one: a session's ID, --user NAME or --all")
      }
      var count = 1
      if let named {
        let id = try id(named, invocation)
        guard try await application.sessions.end(id, by: console.provenance) else { throw Refusal("there is no live session \(id)") }
      } else if invocation.has("user") {
        count = try await application.sessions.endAll(of: try await account(invocation, application).id, by: console.provenance)
      } else {
        count = try await application.sessions.endAll(by: console.provenance)
      }
      if invocation.isJSON {
        console.json { json in json.object { $0.member("ended", count) } }
      } else {
        console.line(count == 1 ? "1 session has ended." : "\(count) sessions have ended.")
      }
      return .done
    })

  private static func write(_ listed: [SessionRegister.Listed], to console: Console, isJSON: Bool) {
    if isJSON {
      console.json { json in json.array(listed) { json, listed in json.session(listed) } }
    } else {
      console.table(
        ["ID", "USER", "BEGAN", "LAST USED", "ADDRESS"],
        listed.map { listed in
          let session = listed.session
          return [
            "\(session.id)", listed.username.text, session.createdAt.rfc3339(), session.lastUsedAt.rfc3339(), session.address,
          ]
        })
    }
  }

  private static func account(_ invocation: Invocation, _ application: Application) async throws -> Account {
    let name = invocation.value("user") ?? ""
    guard let account = try await application.accounts.account(named: name) else { throw Refusal("there is no user '\(name)'") }
    return account
  }

  private static func id(_ text: String, _ invocation: Invocation) throws(UsageError) -> Session.ID {
    guard let id = Session.ID(text) else { throw invocation.wrong("'\(text)' is no session's id; 'session list' shows them") }
    return id
  }
}
