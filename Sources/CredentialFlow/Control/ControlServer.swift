internal import CLinux
private import Dispatch
internal import Glibc
internal import Primitives
private import Synchronization

/// The running server's end of the control socket: one request to a connection, run by `run`, answered, closed.
///
/// All its waiting is done on Dispatch queues of its own, never on an event loop.
final class ControlServer: Sendable {
  private let path: String
  private let mayConnect: @Sendable (uid_t) -> Bool
  private let run: @Sendable (ControlRequest) async -> ControlReply
  private let transferTimeout: Duration
  private let connections = DispatchQueue(label: "control", attributes: .concurrent)
  /// `unsafe`: a source may be used from any thread; Dispatch's overlay only does not say so. `any`: Dispatch gives no other type.
  private nonisolated(unsafe) let source: any DispatchSourceRead
  /// A lock: connections end on any thread.
  private let open = Mutex(0)

  /// Listens at `path` and serves until `stop`. Only root and the server's own user may connect, unless `mayConnect` says
  /// otherwise.
  init(
    path: String, transferTimeout: Duration = ControlLimit.transferTimeout,
    mayConnect: @escaping @Sendable (uid_t) -> Bool = { $0 == 0 || $0 == geteuid() },
    run: @escaping @Sendable (ControlRequest) async -> ControlReply
  ) throws(ControlError) {
    self.path = path
    self.transferTimeout = transferTimeout
    self.mayConnect = mayConnect
    self.run = run
    let listener = try ControlSocket.listen(at: path)
    source = DispatchSource.makeReadSource(fileDescriptor: listener, queue: DispatchQueue(label: "control.listener"))
    source.setEventHandler { [weak self] in self?.accept(from: listener) }
    source.setCancelHandler { close(listener) }
    source.activate()
  }

  /// Takes no more requests. Those that run go on to their end.
  func stop() {
    source.cancel()
    unlink(path)
  }

  private func accept(from listener: Int32) {
    while true {
      let descriptor = cf_accept(listener, nil, nil)
      guard descriptor >= 0 else { return }
      let isAdmitted = open.withLock { count in
        guard count < ControlLimit.connections else { return false }
        count += 1
        return true
      }
      guard isAdmitted else {
        close(descriptor)
        continue
      }
      connections.async { [self] in serve(descriptor) }
    }
  }

  private func serve(_ descriptor: Int32) {
    let request: ControlRequest
    do {
      request = try receive(from: descriptor)
    } catch {
      return finish(
        descriptor, with: ControlReply(status: .refused, output: "", errors: "credentialflow: the server refused: \(error.explanation)\n"))
    }
    Task { [self] in
      let reply = await run(request)
      connections.async { [self] in finish(descriptor, with: reply) }
    }
  }

  private func receive(from descriptor: Int32) throws(ControlError) -> ControlRequest {
    let channel = FrameChannel(borrowing: descriptor)
    let user = try channel.peerUser()
    guard mayConnect(user) else { throw .failed("only root and the server's own user may give it commands") }
    let json = try channel.receive(limit: ControlLimit.requestBytes, within: transferTimeout)
    let input = try channel.receiveSecret(limit: ControlLimit.inputBytes, within: transferTimeout)
    guard var request = ControlRequest(json: json, input: input) else { throw .malformed }
    request.user = user
    return request
  }

  private func finish(_ descriptor: Int32, with reply: ControlReply) {
    do {
      let channel = FrameChannel(borrowing: descriptor)
      var json = reply.json
      defer { Secret.wipe(&json) }
      // A caller that has gone away does not matter: the command is done, and its audit entry says so.
      try? channel.send(json, within: transferTimeout)
    }
    close(descriptor)
    open.withLock { $0 -= 1 }
  }
}
