internal import Dispatch
package import Primitives
private import Synchronization

/// The log: JSON lines, each an object with `ts`, `level`, `event` and the fields of the event.
///
///     log.info("request", ("route", .string("/auth")), ("status", .integer(200)))
///
/// Nobody who logs ever waits for the disk or for a full pipe: lines go into a bounded buffer that one serial queue writes out.
/// What does not fit is dropped, counted, and said in a `log_dropped` line as soon as there is room.
package final class Log: Sendable {
  /// Bytes that may wait for the writer.
  static let capacity = 1 << 20
  /// How long lines gather before they are written; errors go at once.
  static let flushInterval = DispatchTimeInterval.milliseconds(100)
  /// Past this the writer does not wait for the interval.
  static let flushThreshold = 64 << 10

  private struct Pending {
    var lines = LogLines()
    var dropped = 0
    /// What the writer was asked for already.
    var schedule = Schedule.none
  }

  private enum Schedule: Int { case none, soon, now }

  /// Held for one append of bytes by those who log and for one swap by the writer, never during a write.
  private let pending = Mutex(Pending())
  private let queue = DispatchQueue(label: "log", qos: .utility)
  private let now: Now
  private let sink: @Sendable ([UInt8]) -> Void

  /// `sink` takes whole lines, on one queue, and may block.
  package init(now: Now = .system, to sink: @escaping @Sendable ([UInt8]) -> Void) {
    self.now = now
    self.sink = sink
  }

  /// Writes to an open descriptor, which must outlive the log: standard error, a pipe or a file opened for appending.
  package convenience init(descriptor: Int32, now: Now = .system) {
    self.init(now: now) { LogFile.write($0, to: descriptor) }
  }

  /// For commands and tests that want no log.
  package static var discarding: Log { Log { _ in } }

  package func info(_ event: StaticString, _ fields: (StaticString, LogValue)...) { write(.info, event, fields) }
  package func warning(_ event: StaticString, _ fields: (StaticString, LogValue)...) { write(.warning, event, fields) }
  package func error(_ event: StaticString, _ fields: (StaticString, LogValue)...) { write(.error, event, fields) }

  /// Hands over `lines` and empties them.
  package func submit(_ lines: inout LogLines) {
    guard !lines.isEmpty else { return }
    enqueue(lines, isUrgent: false)
    lines.removeAll()
  }

  /// Returns when everything logged before is written. Blocks: not for an event loop.
  package func flush() { queue.sync { writePending() } }

  private func write(_ level: LogLevel, _ event: StaticString, _ fields: [(StaticString, LogValue)]) {
    var lines = LogLines()
    lines.line(level, event, at: now()) { line in
      for (name, value) in fields { line.field(name, value) }
    }
    enqueue(lines, isUrgent: level == .error)
  }

  private func enqueue(_ lines: LogLines, isUrgent: Bool) {
    let schedule = pending.withLock { pending -> Schedule in
      guard pending.lines.bytes.count + lines.bytes.count <= Self.capacity else {
        pending.dropped += lines.count
        return pending.schedule == .none ? .soon : .none
      }
      pending.lines.append(lines)
      let wanted: Schedule = isUrgent || pending.lines.bytes.count >= Self.flushThreshold ? .now : .soon
      guard wanted.rawValue > pending.schedule.rawValue else { return .none }
      pending.schedule = wanted
      return wanted
    }
    switch schedule {
    case .none: break
    case .soon: queue.asyncAfter(deadline: .now() + Self.flushInterval) { self.writePending() }
    case .now: queue.async { self.writePending() }
    }
  }

  private func writePending() {
    let (lines, dropped) = pending.withLock { pending in
      defer { pending = Pending() }
      return (pending.lines, pending.dropped)
    }
    if !lines.isEmpty { sink(lines.bytes) }
    guard dropped > 0 else { return }
    var note = LogLines()
    note.line(.warning, "log_dropped", at: now()) { $0.field("lines", dropped) }
    sink(note.bytes)
  }
}
