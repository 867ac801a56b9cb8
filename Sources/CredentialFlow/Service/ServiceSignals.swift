private import Dispatch
internal import Glibc

/// What the system asks of a running server.
enum ServiceSignal: Sendable {
  /// SIGTERM or SIGINT: answer what is under way and end.
  case stop
  /// SIGHUP.
  case reload
}

/// Signals as a sequence. They stop having their usual effect for as long as the value lives.
final class ServiceSignals {
  private let sources: [any DispatchSourceSignal]
  let received: AsyncStream<ServiceSignal>

  init() {
    let (stream, continuation) = AsyncStream.makeStream(of: ServiceSignal.self, bufferingPolicy: .bufferingOldest(8))
    received = stream
    let queue = DispatchQueue(label: "signals")
    sources = [(SIGTERM, ServiceSignal.stop), (SIGINT, .stop), (SIGHUP, .reload)].map { number, meaning in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { continuation.yield(meaning) }
      source.activate()
      return source
    }
  }

  deinit { for source in sources { source.cancel() } }
}
