internal import Identity
internal import JSON
internal import Primitives

/// `apikey …`: the keys of applications.
enum APIKeyCommands {
  static let rows = [add, list, rotate, revoke]

  private static let id = Command.Argument("ID", "the key's id, as 'apikey list' shows it")

  private static let add = Command(
    "apikey add", "Makes a key for an application", arguments: [.init("APP", "the application")],
    options: [.value("expires-in", "TIME", "how long it is good, such as 90d (default: until it is revoked)")],
    examples: ["apikey add web", "apikey add web --expires-in 90d --json"],
    action: .application { invocation, console, application in
      let name = try invocation.argument("APP")
      let lifetime = try invocation.duration("expires-in", in: .minutes(1)...(.days(3650)))
      guard let key = try await application.apiKeys.add(to: name, lifetime: lifetime, by: console.provenance) else {
        throw AppCommands.unknown(name)
      }
      write(key, to: console, isJSON: invocation.isJSON)
      return .done
    })

  private static let list = Command(
    "apikey list", "Lists an application's keys", arguments: [.init("APP", "the application")], examples: ["apikey list web"],
    action: .application { invocation, console, application in
      let name = try invocation.argument("APP")
      guard let keys = try await application.apiKeys.list(of: name) else { throw AppCommands.unknown(name) }
      if invocation.isJSON {
        console.json { json in json.array(keys) { json, key in json.apiKey(key) } }
      } else {
        console.table(["ID", "MADE", "STATE"], keys.map { ["\($0.id)", $0.createdAt.rfc3339(), state(of: $0, at: application.now())] })
      }
      return .done
    })

  private static let rotate = Command(
    "apikey rotate", "Ends a key at once and makes its successor", arguments: [id],
    examples: ["apikey rotate 019aa1b2-0000-7000-8000-000000000000"],
    action: .application { invocation, console, application in
      let id = try parse(invocation)
      guard let key = try await application.apiKeys.rotate(id, by: console.provenance) else { throw unknown(id) }
      write(key, to: console, isJSON: invocation.isJSON)
      return .done
    })

  private static let revoke = Command(
    "apikey revoke", "Ends a key at once", arguments: [id], examples: ["apikey revoke 019aa1b2-0000-7000-8000-000000000000"],
    action: .application { invocation, console, application in
      let id = try parse(invocation)
      guard try await application.apiKeys.revoke(id, by: console.provenance) else { throw unknown(id) }
      return .done
    })

  static func state(of key: APIKey, at instant: Instant) -> String {
    if let revokedAt = key.revokedAt { return "revoked \(revokedAt.rfc3339())" }
    guard let expiresAt = key.expiresAt else { return "live" }
    return (key.isLive(at: instant) ? "live until " : "expired ") + expiresAt.rfc3339()
  }

  private static func write(_ key: Applications.IssuedKey, to console: Console, isJSON: Bool) {
    if isJSON {
      console.json { json in
        json.object { json in
          json.member("id", "\(key.id)")
          json.member("key", key.text)
        }
      }
    } else {
      console.line("id   \(key.id)")
      console.line("key  \(key.text)")
      console.line()
      console.line("Keep the key now: it is not shown again.")
    }
  }

  private static func parse(_ invocation: Invocation) throws(UsageError) -> APIKey.ID {
    let text = try invocation.argument("ID")
    guard let id = APIKey.ID(text) else { throw invocation.wrong("'\(text)' is no key's id; 'apikey list APP' shows them") }
    return id
  }

  private static func unknown(_ id: APIKey.ID) -> Refusal { Refusal("there is no live key \(id)") }
}

extension JSONWriter {
  mutating func apiKey(_ key: APIKey) {
    object { json in
      json.member("id", "\(key.id)")
      json.member("created_at", key.createdAt.rfc3339())
      json.member("expires_at", ifPresent: key.expiresAt?.rfc3339())
      json.member("revoked_at", ifPresent: key.revokedAt?.rfc3339())
    }
  }
}
