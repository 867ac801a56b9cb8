import HTTP
import Primitives
import Server

/// Feeds one HTTP/2 connection, in pieces that the first byte chooses, and answers as a server would: some requests at once, some
/// later, some never. Stops when what the connection counts does not come out, or when it makes more than it was asked for.
///
/// Bit 7 of the first byte: the preface and SETTINGS come before the rest, so that chance need not find them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let first = start?.pointee else { return 0 }
  let input = Array(UnsafeBufferPointer(start: start, count: count)[1...])
  let opening = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
  guard let peer = Peer(streamLimit: 8) else { return 0 }
  peer.feed(first & 0x80 == 0 ? input : opening + input, cut: [1, 7, 100, 16_384][Int(first & 3)], leavesAt: first & 4 == 0 ? nil : 3)
  peer.finish()
  return 0
}

/// `nonisolated(unsafe)`: libFuzzer calls from one thread.
nonisolated(unsafe) private let library = HTTP2Library(isStrict: false)

/// A server that is only a connection.
private final class Peer {
  private let connection: HTTP2Connection
  private var date = DateHeader()
  private var waiting: [HTTP2Stream] = []
  private var output: [UInt8] = []
  private var tick: UInt32 = 1
  private var count = 0
  private let streamLimit: Int

  init?(streamLimit: Int) {
    guard let connection = HTTP2Connection(library, streamLimit: streamLimit) else { return nil }
    self.connection = connection
    self.streamLimit = streamLimit
    date.update(Instant(microseconds: 0))
  }

  func feed(_ bytes: [UInt8], cut: Int, leavesAt piece: Int?) {
    for (index, start) in stride(from: 0, to: bytes.count, by: cut).enumerated() where !connection.isOver {
      let part = Array(bytes[start..<min(bytes.count, start + cut)])
      tick += index & 63 == 63 ? 1 : 0
      connection.receive(part.span, at: tick)
      if index == piece { connection.announceLeaving() }
      handleEvents()
      if index & 1 == 1, let stream = waiting.popLast() { answer(stream) }
      drain(most: 1 << 20)
    }
  }

  /// Answers what waits, and lets the rest go.
  func finish() {
    for stream in waiting { answer(stream) }
    connection.leave()
    handleEvents()
    drain(most: 1 << 20)
    check()
  }

  private func handleEvents() {
    while let event = connection.nextEvent() {
      switch event {
      case .route(let stream): route(stream)
      case .respond(let stream): respond(stream)
      case .fail(let stream, let error, _): answer(stream, error.problem.response(requestID: "f"))
      case .malformed: break
      case .gone(let stream): waiting.removeAll { $0.id == stream.id }
      }
    }
    check()
  }

  private func route(_ stream: HTTP2Stream) {
    guard let head = stream.head else { preconditionFailure("a request without a head") }
    precondition(!head.path.isEmpty && head.headers.contains("host"), "a head without path or host")
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
    let made = response ?? Response(.ok, headers: [("X-A", "b")], body: [UInt8](repeating: 65, count: count * 1000 % 40_000))
    connection.answer(stream, made, requestID: "\(count)", date: date, into: &output)
  }

  private func drain(most: Int) {
    var total = output.count
    output.removeAll(keepingCapacity: true)
    while connection.wantsToSend {
      connection.send(into: &output, bodies: true)
      if output.isEmpty { break }
      total += output.count
      output.removeAll(keepingCapacity: true)
    }
    precondition(total <= most, "\(total) bytes of output for one read")
    check()
  }

  private func check() {
    precondition(connection.openCount <= streamLimit, "\(connection.openCount) streams")
    precondition(connection.reservedBytes >= 0 && connection.unsentBytes >= 0, "counts below zero")
    if connection.openCount == 0 {
      precondition(connection.reservedBytes == 0 && connection.unsentBytes == 0, "something is held for nobody")
    }
  }
}
