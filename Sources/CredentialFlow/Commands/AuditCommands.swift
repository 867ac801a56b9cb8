internal import JSON
internal import Journal
internal import Persistence
internal import Primitives

/// `audit …`: the record of what happened.
enum AuditCommands {
  static let rows = [tail, verify]

  private static let tail = Command(
    "audit tail", "Shows the newest entries of the record",
    options: [.value("limit", "N", "how many, 1 to 10000 (default 20)")], examples: ["audit tail", "audit tail --limit 100 --json"],
    action: .application { invocation, console, application in
      let limit = try invocation.integer("limit", default: 20, in: 1...10_000)
      let entries = try await application.database.read { try AuditLog($0).tail(limit) }
      for entry in entries {
        if invocation.isJSON {
          console.json { $0.entry(entry) }
        } else {
          console.line(
            "\(entry.sequence)  \(entry.happenedAt.rfc3339())  \(entry.action)  \(entry.subject)  by \(entry.actor)"
              + (entry.address.isEmpty ? "" : " from \(entry.address)") + (entry.detail == "{}" ? "" : "  \(entry.detail)"))
        }
      }
      return .done
    })

  private static let verify = Command(
    "audit verify", "Checks the chain of the record from its first entry to its last", examples: ["audit verify", "audit verify --json"],
    action: .application { invocation, console, application in
      var found = try await AuditVerification.verify(application.database)
      if case .intact(entries: 0, digest: _) = found {
        found = .broken(at: 1, reason: "the record is empty, and every database has entries from its first start on")
      }
      if invocation.isJSON { console.json { $0.verification(found) } }
      switch found {
      case .intact(let entries, let digest):
        if !invocation.isJSON {
          console.line("intact: \(entries) entries, digest \(Hex.encode(digest))")
        }
        return .done
      case .broken(let sequence, let reason):
        if !invocation.isJSON { console.line("BROKEN at entry \(sequence): \(reason)") }
        return .refused
      }
    })
}

extension JSONWriter {
  fileprivate mutating func entry(_ entry: AuditEntry) {
    object { json in
      json.member("sequence", entry.sequence)
      json.member("at", entry.happenedAt.rfc3339(fraction: true))
      json.member("action", entry.action)
      json.member("actor", entry.actor)
      json.member("subject", entry.subject)
      json.member("request_id", entry.requestID)
      json.member("address", entry.address)
      json.member("detail") { $0.raw(entry.detail.utf8) }
      json.member("digest", Hex.encode(entry.digest))
    }
  }

  fileprivate mutating func verification(_ found: AuditVerification) {
    object { json in
      switch found {
      case .intact(let entries, let digest):
        json.member("intact", true)
        json.member("entries", entries)
        json.member("digest", Hex.encode(digest))
      case .broken(let sequence, let reason):
        json.member("intact", false)
        json.member("broken_at", sequence)
        json.member("reason", reason)
      }
    }
  }
}
