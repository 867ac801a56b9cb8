internal import Identity
internal import JSON
internal import Primitives

/// `outbox …`: messages to people that wait, and those that nobody took.
enum OutboxCommands {
  static let rows = [list, retry, discard]

  private static let which = Command.Argument("ID", "the message's id, or 'all'")

  private static let list = Command(
    "outbox list", "Lists the messages that wait and the dead letters, the oldest first", examples: ["outbox list", "outbox list --json"],
    action: .application { invocation, console, application in
      let (waiting, dead) = try await application.deadLetters.list(limit: 1_000)
      let rows = waiting.map { ("waiting", $0) } + dead.map { ("dead", $0) }
      if invocation.isJSON {
        console.json { json in json.array(rows) { json, row in json.message(row.1, state: row.0) } }
      } else {
        console.table(
          ["ID", "STATE", "CHANNEL", "TEMPLATE", "RECIPIENT", "ATTEMPTS", "NEXT", "FAULT"],
          rows.map { state, row in
            [
              "\(row.id)", state, row.channel.rawValue, row.template, row.recipient, "\(row.attempts)",
              state == "dead" ? "-" : row.nextAt.rfc3339(), row.fault,
            ]
          })
      }
      return .done
    })

  private static let retry = Command(
    "outbox retry", "Sends a dead letter again, or one that waits at once, as long as it is worth something", arguments: [which],
    examples: ["outbox retry all", "outbox retry 0193a1b2-0000-7000-8000-000000000000"],
    action: .application { invocation, console, application in
      let count = try await application.deadLetters.retry(try id(invocation))
      return try report(count, "will be sent again", invocation, console)
    })

  private static let discard = Command(
    "outbox discard", "Throws a dead letter away", arguments: [which], examples: ["outbox discard all"],
    action: .application { invocation, console, application in
      let count = try await application.deadLetters.discard(try id(invocation))
      return try report(count, "thrown away", invocation, console)
    })

  /// `nil` for all.
  private static func id(_ invocation: Invocation) throws -> OutboxRow.ID? {
    let text = try invocation.argument("ID")
    if text == "all" { return nil }
    guard let id = OutboxRow.ID(text) else { throw invocation.wrong("expected a message's id, as 'outbox list' shows it, or 'all'") }
    return id
  }

  private static func report(_ count: Int, _ what: String, _ invocation: Invocation, _ console: Console) throws -> ExitStatus {
    guard try count > 0 || id(invocation) == nil else {
      throw Refusal("there is no such message, or it is worth nothing any more, or is being sent")
    }
    if invocation.isJSON {
      console.json { $0.object { $0.member("count", count) } }
    } else {
      console.line("\(count) \(what)")
    }
    return .done
  }
}

extension JSONWriter {
  fileprivate mutating func message(_ row: OutboxRow, state: String) {
    object { json in
      json.member("id", "\(row.id)")
      json.member("state", state)
      json.member("channel", row.channel.rawValue)
      json.member("template", row.template)
      json.member("recipient", row.recipient)
      json.member("attempts", row.attempts)
      json.member("created_at", row.createdAt.rfc3339())
      if state != "dead" { json.member("next_at", row.nextAt.rfc3339()) }
      json.member("expires_at", row.expiresAt.rfc3339())
      json.member("fault", row.fault)
    }
  }
}
