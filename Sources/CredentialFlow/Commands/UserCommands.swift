internal import Delivery
internal import Identity
internal import JSON
internal import Journal
internal import Primitives

/// `user …`: accounts and what they hold.
enum UserCommands {
  static let rows =
    [add, list, show, UserInvitationCommands.invite, disable, enable, unlock, delete, setPassword, setLanguage]
    + [UserInvitationCommands.resetMFA, grant, revoke]

  private static let name = Command.Argument("USER", "the username")

  private static let add = Command(
    "user add", "Makes a user with a password, a TOTP factor and recovery codes",
    arguments: [name],
    options: [
      .value("email", "E", "the user's email address"), .value("phone", "P", "the user's telephone number, as +CC…"),
      .values("role", "R", "a role to grant"),
      .flag("invite", "make no password and no factor: print an invitation by which the user sets both"),
    ],
    examples: [
      "user add alice --role billing", "user add carol --invite --email carol@example.com",
      "user add bob@example.com --email bob@example.com --password-stdin --json",
    ],
    input: .newPassword(prompt: "Password for the new user", unless: "invite"),
    action: .application { invocation, console, application in
      guard !invocation.has("invite") || !invocation.has("password-stdin") else {
        throw invocation.wrong("--invite makes no password; leave --password-stdin away")
      }
      if invocation.has("invite") { return try await UserInvitationCommands.add(invocation, console, application) }
      let new = Accounts.New(
        username: try invocation.argument("USER"), email: try ContactAddress.email(invocation),
        phone: try ContactAddress.phone(invocation), roles: invocation.values("role"), password: try console.password())
      let enrolment = try made(try await application.accounts.add(new, by: console.provenance))
      EnrolmentText(enrolment: enrolment).write(to: console, isJSON: invocation.isJSON)
      return .done
    })

  private static let list = Command(
    "user list", "Lists the users", examples: ["user list", "user list --json"],
    action: .application { invocation, console, application in
      let accounts = try await application.accounts.list()
      if invocation.isJSON {
        console.json { json in json.array(accounts) { json, account in json.account(account, roles: nil, nil) } }
      } else {
        console.table(
          ["USERNAME", "STATE", "MADE", "ID"],
          accounts.map { [$0.username.text, $0.isEnabled ? "enabled" : "disabled", $0.createdAt.rfc3339(), "\($0.id)"] })
      }
      return .done
    })

  private static let show = Command(
    "user show", "Shows a user with roles and factors", arguments: [name], examples: ["user show alice"],
    action: .application { invocation, console, application in
      let account = try await account(invocation, application)
      let roles = try await application.roles.assignments(of: .account(account.id))
      let factors = try await application.credentials.factors.list(of: account.id).filter(\.factor.isConfirmed)
      let held = UserState(
        factors: factors, devices: try await application.credentials.devices.list(of: account.id),
        isPasswordLocked: try await application.accounts.passwordLock(of: account) != .none)
      if invocation.isJSON {
        console.json { $0.account(account, roles: roles, held) }
        return .done
      }
      console.line("id        \(account.id)")
      console.line("username  \(account.username)")
      console.line("state     \(account.isEnabled ? "enabled" : "disabled")")
      console.line("email     \(account.email ?? "-")")
      console.line("phone     \(account.phone ?? "-")")
      console.line("language  \(account.language ?? "default")")
      console.line("made      \(account.createdAt.rfc3339())")
      for line in try await AssignmentTerms.lines(roles, application) { console.line("role      \(line)") }
      console.line("password  \(account.password == nil ? "none yet" : held.isPasswordLocked ? "locked: 'user unlock' lifts it" : "set")")
      for listed in factors {
        let factor = listed.factor
        let words = [factor.method.rawValue, factor.name.isEmpty ? nil : "\"\(factor.name)\"", listed.address]
        let facts: [String?] = [
          words.compactMap(\.self).joined(separator: " "), listed.remaining.map { "\($0) left" },
          factor.isLocked ? "locked" : "\(factor.failures) failures in a row", "last used \(factor.lastUsedAt?.rfc3339() ?? "never")",
        ]
        console.line("factor    \(facts.compactMap(\.self).joined(separator: ", "))")
      }
      for device in held.devices {
        let words = [device.name.isEmpty ? "unnamed" : device.name, "\(device.id)", "last used \(device.lastUsedAt.rfc3339())"]
        console.line("device    \(words.joined(separator: ", "))")
      }
      return .done
    })

  private static let disable = Command(
    "user disable", "Takes everything from a user at once: sessions and own keys end for good, no door opens", arguments: [name],
    examples: ["user disable alice"],
    action: .application { invocation, console, application in
      try await done(application.accounts.setEnabled(false, try invocation.argument("USER"), by: console.provenance), invocation)
    })

  private static let enable = Command(
    "user enable", "Lets a disabled user in again", arguments: [name], examples: ["user enable alice"],
    action: .application { invocation, console, application in
      try await done(application.accounts.setEnabled(true, try invocation.argument("USER"), by: console.provenance), invocation)
    })

  private static let unlock = Command(
    "user unlock", "Lets password and factors be tried again after too many failures", arguments: [name],
    examples: ["user unlock alice"],
    action: .application { invocation, console, application in
      try await done(application.accounts.unlock(try invocation.argument("USER"), by: console.provenance), invocation)
    })

  private static let delete = Command(
    "user delete", "Deletes a user with sessions, factors and grants", arguments: [name], examples: ["user delete alice"],
    action: .application { invocation, console, application in
      try await done(application.accounts.delete(try invocation.argument("USER"), by: console.provenance), invocation)
    })

  private static let setPassword = Command(
    "user set-password", "Sets a user's password and ends the user's sessions", arguments: [name],
    examples: ["user set-password alice", "user set-password alice --password-stdin"],
    input: .newPassword(prompt: "New password"),
    action: .application { invocation, console, application in
      let outcome = try await application.accounts.setPassword(
        try console.password(), try invocation.argument("USER"), by: console.provenance)
      if case .invalid(let flaws) = outcome { throw Refusal("the password is refused: \(flaws.sentence)") }
      return try done(outcome == .done, invocation)
    })

  private static let setLanguage = Command(
    "user set-language", "Sets the language that a user is written to in", arguments: [name, .init("LANGUAGE", "en, de, or 'default'")],
    examples: ["user set-language alice de"],
    action: .application { invocation, console, application in
      let text = try invocation.argument("LANGUAGE")
      let language = Language(rawValue: text)
      guard language != nil || text == "default" else { throw invocation.wrong("expected en, de or default, not '\(text)'") }
      return try done(
        await application.accounts.setLanguage(language, try invocation.argument("USER"), by: console.provenance), invocation)
    })

  private static let grant = Command(
    "user grant", "Grants a role to a user, or changes the terms on which it is held", arguments: [name, .init("ROLE", "the role")],
    options: AssignmentTerms.options(app: true),
    examples: ["user grant alice billing", "user grant alice billing --until 30d --app web --audience https://api.example.com"],
    action: .application { invocation, console, application in
      let account = try await account(invocation, application)
      let outcome = try await application.roles.grant(
        .named(try invocation.argument("ROLE")), to: .account(account.id), try await AssignmentTerms.read(invocation, application),
        by: console.provenance)
      return try RoleCommands.report(outcome, invocation, console)
    })

  private static let revoke = Command(
    "user revoke", "Takes a role from a user", arguments: [name, .init("ROLE", "the role")], examples: ["user revoke alice billing"],
    action: .application { invocation, console, application in
      let account = try await account(invocation, application)
      let outcome = try await application.roles.revoke(
        .named(try invocation.argument("ROLE")), from: .account(account.id), by: console.provenance)
      return try RoleCommands.report(outcome, invocation, console)
    })

  static func made<Made>(_ addition: AccountAddition<Made>) throws -> Made {
    switch addition {
    case .added(let made): return made
    case .nameTaken: throw Refusal("there is a user of this name already")
    case .invalidUsername(let refusal): throw Refusal("the username is refused: \(refusal)")
    case .invalidPassword(let flaws): throw Refusal("the password is refused: \(flaws.sentence)")
    case .separationOfDuty(let name): throw Refusal("the separation '\(name)' keeps two of these roles apart; nothing was made")
    case .unknownRole(let role): throw Refusal("there is no role '\(role)'; nothing was made. 'role add \(role)' makes it")
    }
  }

  private static func account(_ invocation: Invocation, _ application: Application) async throws -> Account {
    let name = try invocation.argument("USER")
    guard let account = try await application.accounts.account(named: name) else { throw Refusal("there is no user '\(name)'") }
    return account
  }

  private static func done(_ isKnown: Bool, _ invocation: Invocation) throws -> ExitStatus {
    guard isKnown else { throw Refusal("there is no user '\(try invocation.argument("USER"))'") }
    return .done
  }
}

/// How to reach a user.
enum ContactAddress {
  static func email(_ invocation: Invocation) throws(UsageError) -> String? {
    guard let text = invocation.value("email") else { return nil }
    guard ContactRule.isEmail(text) else { throw invocation.wrong("--email takes an address such as alice@example.com, not '\(text)'") }
    return text
  }

  static func phone(_ invocation: Invocation) throws(UsageError) -> String? {
    guard let text = invocation.value("phone") else { return nil }
    guard ContactRule.isPhone(text) else { throw invocation.wrong("--phone takes a number such as +491701234567, not '\(text)'") }
    return text
  }
}

/// What a user has beside the account.
private struct UserState {
  let factors: [OwnFactors.Listed]
  let devices: [Device]
  let isPasswordLocked: Bool
}

extension JSONWriter {
  fileprivate mutating func account(_ account: Account, roles: [Assignment]?, _ held: UserState?) {
    object { json in
      json.member("id", "\(account.id)")
      json.member("username", account.username.text)
      json.member("enabled", account.isEnabled)
      json.member("email", ifPresent: account.email)
      json.member("phone", ifPresent: account.phone)
      json.member("language", ifPresent: account.language)
      json.member("created_at", account.createdAt.rfc3339())
      if let roles { json.assignments(roles) }
      guard let held else { return }
      json.member("password_set", account.password != nil)
      json.member("password_locked", held.isPasswordLocked)
      json.member("devices") { json in
        json.array(held.devices) { json, device in
          json.object { json in
            json.member("id", "\(device.id)")
            json.member("name", device.name)
            json.member("created_at", device.createdAt.rfc3339())
            json.member("last_used_at", device.lastUsedAt.rfc3339())
          }
        }
      }
      json.member("factors") { json in
        json.array(held.factors) { json, listed in
          let factor = listed.factor
          json.object { json in
            json.member("id", "\(factor.id)")
            json.member("method", factor.method.rawValue)
            json.member("name", factor.name)
            json.member("address", ifPresent: listed.address)
            if let remaining = listed.remaining { json.member("remaining", remaining) }
            json.member("failures", factor.failures)
            json.member("locked", factor.isLocked)
            json.member("last_used_at", ifPresent: factor.lastUsedAt?.rfc3339())
          }
        }
      }
    }
  }
}
