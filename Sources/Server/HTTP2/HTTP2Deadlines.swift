internal import Primitives
internal import Transport

/// Which moment a connection waits for, in ticks of its loop. Streams have their own; here stands one that is not after the first of
/// them, so that nothing is sorted and a deadline that was met costs nothing.
struct HTTP2Deadlines {
  enum Kind { case writing, fields, idle, leaving, streams }

  private static let never = UInt32.max

  /// Not after the first stream's.
  var streams = never
  let bodyTicks: UInt32
  let writeTicks: UInt32
  private let fieldTicks: UInt32
  private let idleTicks: UInt32
  private var writing = never
  private var fields = never
  private var idle = never
  private var leaving = never
  private var shown: UInt32 = 0

  init(_ settings: ServerSettings) {
    bodyTicks = EventLoop.ticks(settings.bodyTimeout)
    writeTicks = EventLoop.ticks(settings.writeTimeout)
    fieldTicks = EventLoop.ticks(settings.headerTimeout)
    idleTicks = EventLoop.ticks(settings.idleTimeout)
  }

  /// A stream's patience begins: how long it lasts.
  mutating func begin(_ ticks: UInt32, at now: UInt32) -> UInt32 {
    streams = min(streams, now + ticks)
    return now + ticks
  }

  /// A connection that asks is not idle, however fast it is answered.
  mutating func requestComes() { idle = Self.never }

  mutating func leave(after grace: Duration, at now: UInt32) { leaving = now + EventLoop.ticks(grace) }

  /// The deadline of fields, or of writing, is not moved by further bytes: a slow drip does not keep a connection.
  mutating func update(at now: UInt32, hasOutput: Bool, isAwaitingFields: Bool, isIdle: Bool) {
    writing = hasOutput ? min(writing, now + writeTicks) : Self.never
    fields = isAwaitingFields ? min(fields, now + fieldTicks) : Self.never
    idle = isIdle ? (idle == Self.never ? now + idleTicks : idle) : Self.never
  }

  /// Sets the connection's deadline, where it is not what was set before.
  mutating func show(on connection: Connection, at now: UInt32) {
    let next = min(min(min(writing, fields), min(idle, leaving)), streams)
    guard next != shown else { return }
    shown = next
    guard next != Self.never else { return connection.setDeadline(after: nil) }
    connection.setDeadline(after: .milliseconds(Int64(next > now ? next - now : 0) * Int64(EventLoop.tickMilliseconds)))
  }

  /// Whether fields have been waited for since `tick` or before.
  func hasAwaitedFields(since tick: UInt32) -> Bool { fields != Self.never && fields &- fieldTicks <= tick }

  /// What has come; a connection whose client does not read waits for nothing else.
  mutating func expired(at now: UInt32, hasOutput: Bool) -> Kind? {
    shown = 0
    if writing <= now { return .writing }
    if hasOutput { return nil }
    if fields <= now { return .fields }
    if leaving <= now {
      leaving = Self.never
      return .leaving
    }
    if streams <= now { return .streams }
    return idle <= now ? .idle : nil
  }
}
