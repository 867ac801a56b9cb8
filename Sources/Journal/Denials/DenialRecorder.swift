package import Persistence
package import Primitives
package import Telemetry

/// Writes the tally into the record, a minute at a time.
package struct DenialRecorder: Sendable {
  private let tally: DenialTally
  private let database: any Database
  private let log: Log

  package init(tally: DenialTally, database: any Database, log: Log) {
    self.tally = tally
    self.database = database
    self.log = log
  }

  /// `isFinal` at shutdown, where the minute that runs is written too. What cannot be written stays in the tally.
  package func record(at instant: Instant, isFinal: Bool = false) async {
    let taken = tally.take(before: instant, isFinal: isFinal)
    guard !taken.isEmpty else { return }
    let events = taken.map { key, count in
      AuditEvent.denied(key, count: count)
    }
    do {
      try await database.transaction { db in
        for event in events { try AuditLog(db).append(event, by: .system, at: instant) }
      }
    } catch {
      tally.putBack(taken)
      log.warning("denials not recorded", ("fault", .string("\(error)")))
    }
  }
}

extension AuditEvent {
  fileprivate static func denied(_ key: DenialTally.Key, count: Int) -> AuditEvent {
    AuditEvent(
      "request.denied", subject: "reason:\(key.reason)",
      ["source": key.source, "minute": Instant(unixSeconds: key.minute * 60).rfc3339(), "count": String(count)])
  }
}
