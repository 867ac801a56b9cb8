package import Persistence
internal import Primitives

/// What a walk along the whole chain found.
package enum AuditVerification: Sendable, Equatable {
  /// The digest is worth writing down elsewhere: who rewrites the chain from some entry on cannot keep it.
  case intact(entries: Int64, digest: [UInt8])
  case broken(at: Int64, reason: String)
}

extension AuditVerification {
  private static let page = 1_000

  /// Reads the chain in steps, each on its own snapshot: entries are never changed, so what was checked stays checked.
  package static func verify(_ database: any Database) async throws -> AuditVerification {
    var previous: (sequence: Int64, digest: [UInt8]) = (0, [])
    // The head first: the chain may grow behind it while this walks, and must reach at least this far.
    let head = try await database.read { try AuditLog($0).head().map { HeadOfChain(sequence: $0.sequence, digest: $0.digest) } }
    while true {
      let position = previous.sequence
      let entries = try await database.read { try AuditLog($0).entries(after: position, limit: page) }
      for entry in entries {
        if let reason = fault(of: entry, after: previous) { return .broken(at: previous.sequence + 1, reason: reason) }
        previous = (entry.sequence, entry.digest)
        if let head, entry.sequence == head.sequence, entry.digest != head.digest {
          return .broken(at: entry.sequence, reason: "the digest is not the one that the head of the chain holds")
        }
      }
      if entries.isEmpty { break }
    }
    // No head and yet entries: either the first ones came while this walked, or somebody took the head away.
    if head == nil, previous.sequence > 0, try await database.read({ try AuditLog($0).head() == nil }) {
      return .broken(at: previous.sequence + 1, reason: "the head of the chain is missing")
    }
    let expected = head?.sequence ?? 0
    guard previous.sequence >= expected else {
      return .broken(at: previous.sequence + 1, reason: "the chain ends early: its head is entry \(expected)")
    }
    return .intact(entries: previous.sequence, digest: previous.digest)
  }

  private static func fault(of entry: AuditEntry, after previous: (sequence: Int64, digest: [UInt8])) -> String? {
    guard entry.sequence == previous.sequence + 1 else { return "an entry is missing; the next one is \(entry.sequence)" }
    guard entry.digest == entry.digest(after: previous.digest) else { return "the entry was changed, or one before it was" }
    return nil
  }
}

private struct HeadOfChain: Sendable {
  let sequence: Int64
  let digest: [UInt8]
}
