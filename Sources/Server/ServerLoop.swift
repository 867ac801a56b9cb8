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
  private let isDeaf = Atomic<Bool>(false)

  init(loop: EventLoop, context: LoopContext) {
    self.loop = loop
    self.context = context
  }

  var hasStoppedListening: Bool { isDeaf.load(ordering: .acquiring) }

  func start(_ listeners: [Listener], _ quota: ConnectionQuota) {
    loop.start()
    loop.execute { [self] in
      loop.turnEnded = { [context] in context.flushLog() }
      for listener in listeners {
        loop.listen(
          listener, quota: quota,
          reception: ListenerReception(
            accepted: { [context] connection in connection.client = HTTPSession(connection, context) },
            refusal: { [context] in context.refusal() }, failed: { [context] code in context.acceptFailed(code) }))
      }
    }
  }

  func drain(grace: Duration) {
    loop.execute { [self] in
      context.isDraining = true
      loop.stopListening()
      for connection in loop.openConnections { (connection.client as? HTTPSession)?.drain(grace: grace) }
      isDeaf.store(true, ordering: .releasing)
    }
  }

  func stop() { loop.stop() }

  /// Returns when everything posted to the loop before has run.
  func stopped() async {
    await withCheckedContinuation { continuation in loop.queue.async { continuation.resume() } }
  }
}
