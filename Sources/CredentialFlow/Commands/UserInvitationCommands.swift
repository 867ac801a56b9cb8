internal import API
internal import Identity
internal import JSON
internal import Primitives

/// `user invite`, `user reset-mfa` and `user add --invite`: letting a user in who has no second factor.
enum UserInvitationCommands {
  private static let name = Command.Argument("USER", "the username")

  static let invite = Command(
    "user invite", "Gives a user without a second factor an invitation: a link and a code, good once, for three days", arguments: [name],
    examples: ["user invite alice", "user invite alice --json"],
    action: .application { invocation, console, application in
      let outcome = try await application.credentials.invitations.invite(try invocation.argument("USER"), by: console.provenance)
      return try report(outcome, invocation, console)
    })

  static let resetMFA = Command(
    "user reset-mfa", "Takes a user's second factors, sessions and devices away and gives an invitation", arguments: [name],
    examples: ["user reset-mfa alice"],
    action: .application { invocation, console, application in
      let outcome = try await application.credentials.invitations.resetFactors(try invocation.argument("USER"), by: console.provenance)
      return try report(outcome, invocation, console)
    })

  /// `user add --invite`.
  static func add(_ invocation: Invocation, _ console: Console, _ application: Application) async throws -> ExitStatus {
    let new = Invitations.New(
      username: try invocation.argument("USER"), email: try ContactAddress.email(invocation), phone: try ContactAddress.phone(invocation),
      roles: invocation.values("role"))
    let outcome = try await application.credentials.invitations.add(
      new, allowsUnicode: application.configuration.accounts.allowsUnicode, by: console.provenance)
    let invited = try UserCommands.made(outcome)
    if invocation.isJSON {
      console.json { $0.invited(invited) }
      return .done
    }
    console.line("user      \(invited.account.username)")
    console.line("id        \(invited.account.id)")
    write(invited.invitation, console)
    return .done
  }

  private static func report(_ outcome: Invitations.IssueOutcome, _ invocation: Invocation, _ console: Console) throws -> ExitStatus {
    let user = try invocation.argument("USER")
    switch outcome {
    case .issued(let issued):
      if invocation.isJSON { console.json { $0.invitation(issued) } } else { write(issued, console) }
      return .done
    case .unknownUser: throw Refusal("there is no user '\(user)'")
    case .hasFactor: throw Refusal("'\(user)' has a second factor and needs no invitation; 'user reset-mfa \(user)' takes them away")
    }
  }

  private static func write(_ issued: Invitations.Issued, _ console: Console) {
    console.line("code      \(issued.code)")
    console.line("link      \(issued.url)")
    console.line("until     \(issued.expiresAt.rfc3339())")
    console.note("Hand it to the user now: it is not shown again, and a new one takes its place.")
  }
}
