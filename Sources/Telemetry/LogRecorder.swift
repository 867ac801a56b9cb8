private import Synchronization

/// Collects what a log writes, for tests that promise something about log lines.
package final class LogRecorder: Sendable {
  /// The log's writer appends while a test reads.
  private let text = Mutex<[UInt8]>([])

  package init() {}

  /// A log whose lines arrive here after its `flush()`.
  package func log() -> Log { Log { [self] bytes in text.withLock { $0 += bytes } } }

  package var lines: [String] {
    text.withLock { bytes in bytes.split(separator: 10).map { String(decoding: $0, as: UTF8.self) } }
  }
}
