internal import Identity
internal import JSON
internal import Primitives

/// Until when and where a role is held: how commands take it and show it.
enum AssignmentTerms {
  /// `app` where it can be held to an application.
  static func options(app: Bool) -> [Command.Option] {
    [
      .value("until", "TIME", "its end, as 2027-01-31T12:00:00Z, or after 12h or 30d (default: none)"),
      app ? .value("app", "APP", "only in sessions that this application opens") : nil,
      .value("audience", "A", "only in tokens for this audience"),
    ].compactMap { $0 }
  }

  static func read(_ invocation: Invocation, _ application: Application) async throws -> Assignment.Terms {
    var id: Identity.Application.ID?
    if let name = invocation.value("app") {
      guard let found = try await application.applications.application(named: name) else { throw AppCommands.unknown(name) }
      id = found.id
    }
    return Assignment.Terms(
      expiresAt: try end(invocation, at: application.now()), application: id, audience: invocation.value("audience"))
  }

  private static func end(_ invocation: Invocation, at instant: Instant) throws(UsageError) -> Instant? {
    guard let text = invocation.value("until") else { return nil }
    if let instant = Instant(rfc3339: text) { return instant }
    return try invocation.duration("until", in: .seconds(1)...(.days(36_500))).map { instant + $0 }
  }

  static func lines(_ assignments: [Assignment], _ root: Application) async throws -> [String] {
    guard !assignments.isEmpty else { return ["-"] }
    var lines: [String] = []
    for assignment in assignments {
      let isOver = assignment.terms.expiresAt.map { $0 <= root.now() } ?? false
      var terms = assignment.terms == .unlimited ? "" : ", \(assignment.terms)"
      if let id = assignment.terms.application, let application = try await root.applications.application(id) {
        terms = terms.replacing("\(id)", with: application.name)
      }
      lines.append(assignment.roleName + (isOver ? ", ended" : "") + terms)
    }
    return lines
  }
}

extension JSONWriter {
  /// `roles`, the names, and `assignments`, the same with their terms.
  mutating func assignments(_ assignments: [Assignment]) {
    member("roles", assignments.map(\.roleName))
    member("assignments") { json in
      json.array(assignments) { json, assignment in
        json.object { json in
          json.member("role", assignment.roleName)
          json.member("expires_at", ifPresent: assignment.terms.expiresAt?.rfc3339())
          json.member("application", ifPresent: assignment.terms.application.map { "\($0)" })
          json.member("audience", ifPresent: assignment.terms.audience)
          json.member("granted_at", assignment.grantedAt.rfc3339())
        }
      }
    }
  }
}
