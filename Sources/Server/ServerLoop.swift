internal import Dispatch
internal import Primitives
private import Synchronization
internal import Transport

/// One event loop of the server with what belongs to it.
///
/// `@unchecked Sendable`: `context` is touched only on the loop.
final class ServerLoop: @unchecked Sendable {
  let loop: EventLoop
  private let context: LoopContext
  private let tls: LiveTLS?
  private let isDeaf = Atomic<Bool>(false)

  init(loop: EventLoop, context: LoopContext, tls: LiveTLS?) {
    self.loop = loop
    self.context = context
    self.tls = tls
  }

  var hasStoppedListening: Bool { isDeaf.load(ordering: .acquiring) }

  func start(_ listeners: [Listener], _ quota: ConnectionQuota) {
    loop.start()
    loop.execute { [self] in
      loop.turnEnded = { [context] in context.flushLog() }
      let entrance = tls.map { TLSEntrance($0, plainAnswer: Self.plainAnswer) }
      let open = { [context] (connection: Connection) in
        if connection.negotiatedProtocol == .http2 {
          connection.client = HTTP2Session(connection, context)
        } else {
          connection.client = HTTPSession(connection, context)
        }
        if connection.client == nil { connection.close() }
      }
      let secure = { (connection: Connection) in
        guard let entrance else { return open(connection) }
        connection.enter([entrance.handshake(for: connection.peer)], opened: open)
      }
      for listener in listeners {
        loop.listen(
          listener, quota: quota,
          reception: ListenerReception(
            accepted: { [context] connection in
              // Whoever is announced is the peer from then on, for the handshake's bounds too.
              guard let announcement = context.announcement(of: connection.peer) else { return secure(connection) }
              connection.enter([announcement], opened: secure)
            },
            // Before a handshake nothing can be said.
            refusal: { [context] in context.refusal(isSilent: entrance != nil) },
            failed: { [context] code in context.acceptFailed(code) }))
      }
    }
  }

  func drain(grace: Duration) {
    loop.execute { [self] in
      context.isDraining = true
      loop.stopListening()
      for connection in loop.openConnections {
        // Whoever is still on the way in has as long as whoever has said nothing yet.
        guard let client = connection.client else { connection.setDeadline(after: grace); continue }
        (client as? any DrainingClient)?.drain(grace: grace)
      }
      isDeaf.store(true, ordering: .releasing)
    }
  }

  func stop() { loop.stop() }

  /// For a request in plain HTTP where TLS is spoken: nobody has read it, so it has no name and no route.
  private static let plainAnswer: [UInt8] = {
    let body = "This port speaks TLS: use https.\n"
    let head = [
      "HTTP/1.1 400 Bad Request", "Content-Type: text/plain; charset=utf-8", "Cache-Control: no-store", "Connection: close",
      "Content-Length: \(body.utf8.count)",
    ]
    return Array((head.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
  }()

  /// Returns when everything posted to the loop before has run.
  func stopped() async {
    await withCheckedContinuation { continuation in loop.queue.async { continuation.resume() } }
  }
}
