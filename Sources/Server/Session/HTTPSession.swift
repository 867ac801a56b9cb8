internal import HTTP
internal import Primitives
internal import Transport

/// Carries out what `HTTPConnection` decides, on a real connection: routes, calls the responders, writes answers, sets deadlines.
///
/// `@unchecked Sendable`: touched only on its loop; the task of a suspending responder brings its answer back there.
final class HTTPSession: DrainingClient, @unchecked Sendable {
  /// Answers that may gather before they are sent.
  private static let mostGatheredOutput = 64 << 10
  private static let prefaceLine = Array("PRI * HTTP/2.0\r\n".utf8)
  /// Requests of one connection in one turn of the loop, so that a pipeline does not keep the others waiting.
  private static let mostRequestsPerTurn = 64
  private static let lingerTimeout = Duration.seconds(2)

  let context: LoopContext
  let connection: Connection
  var clients: ConnectionClients
  var machine = HTTPConnection()
  /// The request whose body or answer is awaited.
  var current: Exchange?
  var task: Task<Void, Never>?
  /// What came while an answer was in the making: at most one read.
  private var pending: [UInt8] = []
  private var isWriting = false
  /// The rest of a pipeline waits for the next turn.
  private var isPostponed = false
  /// The peer will send no more: what it has sent is answered, then it is over.
  private var isPeerDone = false
  /// Another session has taken the connection over.
  private var isReplaced = false
  private var shownDeadline = HTTPConnection.Phase.closing

  init(_ connection: Connection, _ context: LoopContext) {
    self.context = context
    self.connection = connection
    clients = ConnectionClients(connection)
    machine.isDraining = context.isDraining
    updateDeadline()
  }

  func received(_ bytes: Span<UInt8>) {
    guard pending.isEmpty else {
      bytes.withUnsafeBufferPointer { pending.append(contentsOf: $0) }
      return processPending()
    }
    let used = run(bytes)
    if used < bytes.count { bytes.extracting(used..<bytes.count).withUnsafeBufferPointer { pending = Array($0) } }
    settle()
  }

  func ended() {
    isPeerDone = true
    if machine.phase != .answering, !connection.hasOutput { connection.closeGently(within: Self.lingerTimeout) }
  }

  func drained() {
    isWriting = false
    processPending()
  }

  func expired() {
    if connection.hasOutput { return connection.drop() }
    if case .fail(let error) = machine.expire() { fail(error) }
    settle()
  }

  func closed() {
    task?.cancel()
    task = nil
    pending = []
  }

  func proceed() {
    isPostponed = false
    if !connection.isClosed { processPending() }
  }

  var worth: ConnectionWorth {
    if connection.hasOutput { return .waiting }
    switch machine.phase {
    case .idle: return pending.isEmpty ? .idle : .busy
    case .head, .body, .skipping: return .waiting
    case .routing, .answering, .refusing, .closing: return .busy
    }
  }

  /// Lets the request at hand, and one more within `grace`, be answered, and closes.
  func drain(grace: Duration) {
    machine.isDraining = true
    if machine.phase == .idle { connection.setDeadline(after: grace) }
  }

  /// Goes on where the last answer had stopped.
  func processPending() {
    let input = pending
    pending = []
    let used = run(input.span)
    if used < input.count { pending = Array(input[used...]) }
    settle()
  }

  /// Takes from `bytes` what can be taken now; how much that was.
  private func run(_ bytes: Span<UInt8>) -> Int {
    var position = 0
    var requests = 0
    while !connection.hasOutput, !connection.isClosed {
      if requests >= Self.mostRequestsPerTurn, position < bytes.count {
        if !isPostponed { connection.postpone() }
        isPostponed = true
        return position
      }
      switch machine.next(bytes, from: &position) {
      case .wait: return position
      case .route(let head):
        requests += 1
        route(head)
      case .respond(let body): respond(body)
      case .fail(.prefaceOfHTTP2) where machine.isFresh && connection.negotiatedProtocol == nil:
        becomeHTTP2(bytes.extracting(position..<bytes.count))
        return bytes.count
      case .fail(let error): fail(error)
      }
      if context.output.count > Self.mostGatheredOutput { sendOutput() }
    }
    return position
  }

  /// The client speaks HTTP/2, which it says in a first line that HTTP/1 cannot have (RFC 9113, section 3.4).
  private func becomeHTTP2(_ rest: Span<UInt8>) {
    isReplaced = true
    guard let session = HTTP2Session(connection, context) else { return connection.close() }
    connection.client = session
    session.received(Self.prefaceLine.span)
    session.received(rest)
  }

  /// After each step: sends what was answered, sets the deadline, closes, and holds back or asks for bytes.
  private func settle() {
    sendOutput()
    guard !connection.isClosed, !isReplaced else { return }
    updateDeadline()
    connection.holdInput(machine.memory + pending.count)
    guard !connection.isClosed else { return }
    if connection.hasOutput || machine.phase == .answering || isPostponed {
      connection.pauseReading()
    } else if machine.phase == .closing {
      connection.closeGently(within: Self.lingerTimeout)
    } else if isPeerDone, pending.isEmpty {
      connection.closeGently(within: Self.lingerTimeout)
    } else {
      connection.resumeReading()
    }
  }

  private func sendOutput() {
    guard !context.output.isEmpty else { return }
    context.output.withUnsafeBytes { connection.write($0) }
    context.output.removeAll(keepingCapacity: true)
  }

  private func updateDeadline() {
    let settings = context.settings
    if connection.hasOutput {
      if !isWriting { connection.setDeadline(after: settings.writeTimeout) }
      isWriting = true
      return
    }
    let phase = machine.phase
    // The deadline of a head or a body is not moved by further bytes: a slow drip does not keep a connection.
    guard phase == .idle || phase != shownDeadline else { return }
    shownDeadline = phase
    switch phase {
    case .idle: connection.setDeadline(after: settings.idleTimeout)
    case .head: connection.setDeadline(after: settings.headerTimeout)
    case .body, .skipping: connection.setDeadline(after: settings.bodyTimeout)
    case .routing, .answering, .refusing, .closing: connection.setDeadline(after: nil)
    }
  }
}
