internal import HTTP
internal import JSON
internal import Journal
internal import Persistence
internal import Primitives

/// `/admin/v1/audit`: the record, the oldest entry first. The digests let a reader check the chain.
struct AuditResource: Sendable {
  let database: any Database

  func list(_ call: Call) async throws -> Response {
    let request = try PageRequest(call.request)
    let position = try request.position(from: 0) { Int64($0).flatMap { $0 >= 0 ? $0 : nil } }
    let entries = try await database.read { try AuditLog($0).entries(after: position, limit: request.limit + 1) }
    return .page(Page(entries, limit: request.limit) { "\($0.sequence)" }) { json, entry in json.entry(entry) }
  }
}

extension JSONWriter {
  fileprivate mutating func entry(_ entry: AuditEntry) {
    object { json in
      json.member("sequence", entry.sequence)
      json.member("happened_at", entry.happenedAt.rfc3339())
      json.member("action", entry.action)
      json.member("actor", entry.actor)
      json.member("subject", entry.subject)
      json.member("request_id", entry.requestID)
      json.member("address", entry.address)
      json.member("detail") { $0.raw(entry.detail.utf8) }
      json.member("digest", Hex.encode(entry.digest))
    }
  }
}
