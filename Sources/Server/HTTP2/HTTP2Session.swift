internal import HTTP
internal import Primitives
internal import Transport

/// Carries out what `HTTP2Connection` says on a real connection, as `HTTPSession` does for HTTP/1: routes, calls the responders, hands
/// over answers, sets deadlines. Requests of one connection are answered in the order in which their answers are ready.
///
/// `@unchecked Sendable`: touched only on its loop; the tasks of suspending responders bring their answers back there.
final class HTTP2Session: DrainingClient, @unchecked Sendable {
  private static let lingerTimeout = Duration.seconds(2)

  let context: LoopContext
  let connection: Connection
  var clients: ConnectionClients
  let frames: HTTP2Connection
  /// Responders at work, also for streams that are gone.
  var runningCount = 0
  var deadlines: HTTP2Deadlines
  private var isPeerDone = false
  private var isFaultRecorded = false
  private var isGoingAway = false

  init?(_ connection: Connection, _ context: LoopContext) {
    guard let frames = HTTP2Connection(context.http2, streamLimit: context.settings.streams) else { return nil }
    self.context = context
    self.connection = connection
    self.frames = frames
    clients = ConnectionClients(connection)
    deadlines = HTTP2Deadlines(context.settings)
    if context.isDraining { frames.announceLeaving() }
  }

  func received(_ bytes: Span<UInt8>) {
    frames.receive(bytes, at: context.loop.tick)
    proceed()
  }

  func ended() {
    isPeerDone = true
    frames.inputEnds()
    proceed()
  }

  func drained() { proceed() }

  func expired() {
    let now = context.loop.tick
    switch deadlines.expired(at: now, hasOutput: connection.hasOutput) {
    case .writing: return connection.drop()
    case .fields: frames.end(.fieldsTooSlow)
    case .idle, .leaving: leave()
    case .streams: expireStreams(at: now)
    case nil: break
    }
    proceed()
  }

  func closed() {
    for stream in frames.streams.values {
      abandon(stream)
      frames.release(stream)
    }
  }

  var worth: ConnectionWorth {
    if runningCount > 0 { return .busy }
    return connection.hasOutput || frames.isAwaitingFields || frames.openCount > 0 ? .waiting : .idle
  }

  /// Lets what is asked, and what is on its way, be answered, and closes.
  func drain(grace: Duration) {
    frames.announceLeaving()
    deadlines.leave(after: grace, at: context.loop.tick)
    proceed()
  }

  /// Handles what has happened, sends what it made, and decides what comes next.
  func proceed() {
    guard !connection.isClosed else { return }
    repeat {
      while mayGoOn, let event = frames.nextEvent() { handle(event) }
      if frames.fault != nil { recordFault() }
      if frames.isNoticeHeard, !isGoingAway { leave() }
      sendOutput()
      // What was sent makes room for further answers.
    } while mayGoOn && frames.hasEvents && !connection.isClosed
    guard !connection.isClosed else { return }
    if connection.hasOutput {
      connection.pauseReading()
    } else if frames.isOver || isPeerDone && frames.streams.isEmpty {
      connection.closeGently(within: Self.lingerTimeout)
      return
    } else {
      connection.resumeReading()
    }
    updateDeadline()
    connection.holdInput(frames.keptBytes, of: frames.openCount)
  }

  /// Of what came over this connection only what is slow; and all of it where its fields do not come.
  func dropSlowInput(since tick: UInt32) -> Bool {
    guard !frames.isAwaitingFields || !deadlines.hasAwaitedFields(since: tick) else { return false }
    frames.dropSlow(since: tick)
    proceed()
    return true
  }

  /// One line a connection that has to end.
  private func recordFault() {
    guard !isFaultRecorded, let fault = frames.fault else { return }
    isFaultRecorded = true
    let now = context.now()
    context.record(
      RequestRecord(
        requestID: context.ids.next(at: now), route: "-", method: [], status: .badRequest, receivedAt: now, client: clients.own,
        code: .invalidRequest, reason: "\(fault)"))
  }

  /// Whether another request may be answered now.
  private var mayGoOn: Bool { frames.fault == nil && frames.unsentBytes < HTTP2Limit.heldAnswers }

  private func leave() {
    isGoingAway = true
    frames.leave()
  }

  private func sendOutput() {
    repeat {
      frames.send(into: &context.output, bodies: !connection.hasOutput)
      guard !context.output.isEmpty else { return }
      context.output.withUnsafeBytes { connection.write($0) }
      context.output.removeAll(keepingCapacity: true)
    } while !connection.hasOutput && !connection.isClosed && frames.wantsToSend
  }

  private func updateDeadline() {
    let now = context.loop.tick
    for stream in frames.answeredEarly where stream.phase == .answered {
      stream.dueAt = deadlines.begin(EventLoop.ticks(Self.lingerTimeout), at: now)
    }
    frames.answeredEarly.removeAll(keepingCapacity: true)
    let isIdle = frames.streams.isEmpty
    deadlines.update(at: now, hasOutput: connection.hasOutput, isAwaitingFields: frames.isAwaitingFields, isIdle: isIdle)
    deadlines.show(on: connection, at: now)
  }

  private func expireStreams(at now: UInt32) {
    var next: UInt32 = .max
    for stream in frames.streams.values where stream.dueAt != 0 {
      guard stream.dueAt <= now else {
        next = min(next, stream.dueAt)
        continue
      }
      stream.dueAt = 0
      switch stream.phase {
      case .body: frames.expire(stream)
      case .sending: frames.cut(stream)
      case .answered: frames.stopBody(of: stream)
      case .fields, .waiting, .answering, .closed: break
      }
    }
    deadlines.streams = next
  }
}
