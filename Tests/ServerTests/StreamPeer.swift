import HTTP
import Primitives
import Server

/// A server that is only one HTTP/2 connection: no socket, no clock. It answers some requests at once, some later, some never, and
/// watches what the connection counts. The fuzzer and the tests drive it.
final class StreamPeer {
  /// What did not come out.
  private(set) var violations: [String] = []
  private(set) var answered = 0
  private let connection: HTTP2Connection
  private let streamLimit: Int
  private var date = DateHeader()
  private var waiting: [HTTP2Stream] = []
  private var output: [UInt8] = []
  private var tick: UInt32 = 1
  private var count = 0

  init?(_ library: HTTP2Library, streamLimit: Int) {
    guard let connection = HTTP2Connection(library, streamLimit: streamLimit) else { return nil }
    self.connection = connection
    self.streamLimit = streamLimit
    date.update(Instant(microseconds: 0))
  }

  /// Feeds `bytes` in pieces of `cut`; after piece `leavesAt` the server goes away.
  func feed(_ bytes: [UInt8], cut: Int, leavesAt piece: Int? = nil) {
    for (index, start) in stride(from: 0, to: bytes.count, by: cut).enumerated() where !connection.isOver {
      let part = Array(bytes[start..<min(bytes.count, start + cut)])
      tick += index & 63 == 63 ? 1 : 0
      connection.receive(part.span, at: tick)
      if index == piece { connection.announceLeaving() }
      handleEvents()
      if index & 1 == 1, let stream = waiting.popLast() { answer(stream) }
      drain()
    }
  }

  /// Answers what waits, and lets the rest go.
  func finish() {
    for stream in waiting { answer(stream) }
    connection.leave()
    handleEvents()
    drain()
  }

  private func handleEvents() {
    while let event = connection.nextEvent() {
      switch event {
      case .route(let stream): route(stream)
      case .respond(let stream): respond(stream)
      case .fail(let stream, let error): answer(stream, error.problem.response(requestID: "f"))
      case .malformed: break
      case .gone(let stream): waiting.removeAll { $0.id == stream.id }
      }
    }
    check()
  }

  private func route(_ stream: HTTP2Stream) {
    guard let head = stream.head, !head.path.isEmpty, head.headers.contains("host") else {
      return violations.append("a request without path or host")
    }
    do throws(RequestError) {
      switch try connection.accept(stream, bodyLimit: head.method == .post ? 4096 : 0) {
      case .isWhole: respond(stream)
      case .awaitsBody: if head.expectsContinue { connection.sayContinue(stream, into: &output) }
      case .refused: break
      }
    } catch {
      answer(stream, error.problem.response(requestID: "f"))
    }
  }

  private func respond(_ stream: HTTP2Stream) {
    count += 1
    if count % 3 == 0 { waiting.append(stream) } else { answer(stream) }
  }

  private func answer(_ stream: HTTP2Stream, _ response: Response? = nil) {
    answered += 1
    let made = response ?? Response(.ok, headers: [("X-A", "b")], body: [UInt8](repeating: 65, count: count * 1000 % 40_000))
    connection.answer(stream, made, requestID: "\(count)", date: date, into: &output)
  }

  private func drain() {
    var total = output.count
    output.removeAll(keepingCapacity: true)
    while connection.wantsToSend {
      connection.send(into: &output, bodies: true)
      if output.isEmpty { break }
      total += output.count
      output.removeAll(keepingCapacity: true)
    }
    if total > 1 << 20 { violations.append("\(total) bytes of output for one read") }
    check()
  }

  private func check() {
    let counts = (connection.openCount, connection.reservedBytes, connection.unsentBytes)
    if counts.0 > streamLimit { violations.append("\(counts.0) streams") }
    if counts.1 < 0 || counts.2 < 0 { violations.append("counts below zero: \(counts)") }
    if counts.0 == 0, counts.1 != 0 || counts.2 != 0 { violations.append("held for nobody: \(counts)") }
  }
}
