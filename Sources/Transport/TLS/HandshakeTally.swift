private import Synchronization
internal import Telemetry

/// Handshakes that came to nothing, counted by reason: a flood of them makes a line now and then, not one each.
final class HandshakeTally: Sendable {
  /// Reasons that are told apart; further ones count as others.
  private static let mostReasons = 32

  /// Held for one addition by whoever failed, and for one swap by the report.
  private let counts = Mutex<[String: Int]>([:])

  func add(_ reason: String) {
    counts.withLock { counts in
      let isKnown = counts[reason] != nil || counts.count < Self.mostReasons
      counts[isKnown ? reason : "other", default: 0] += 1
    }
  }

  /// Logs what came together since the last call; nothing where nothing did.
  func report(_ listener: String, to log: Log) {
    let counts = counts.withLock { counts in
      defer { counts = [:] }
      return counts
    }
    guard !counts.isEmpty else { return }
    let reasons = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key): \($0.value)" }
    log.warning(
      "tls_handshakes_failed", ("listener", .string(listener)), ("count", .integer(counts.values.reduce(0, +))),
      ("reasons", .string(reasons.joined(separator: ", "))))
  }
}
