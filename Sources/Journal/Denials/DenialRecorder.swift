package import Persistence
package import Primitives
package import Telemetry

/// Writes the tally into the record, a minute at a time, in transactions short enough that a sign-in can go between them.
package struct DenialRecorder: Sendable {
  /// Entries of one transaction.
  static let batchSize = 200

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
    var written = 0
    do {
      while written < taken.count {
        let events = taken[written...].prefix(Self.batchSize).map { AuditEvent.denied($0.key, count: $0.count) }
        try await database.transaction { db in
          for event in events { try AuditLog(db).append(event, by: .system, at: instant) }
        }
        written += events.count
      }
    } catch {
      tally.putBack(taken[written...])
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
