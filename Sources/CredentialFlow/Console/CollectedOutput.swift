internal import Glibc
internal import Primitives
private import Synchronization

/// What a command wrote, kept for a caller in another process (or a test). Bounded: a command that writes more is told apart
/// by `isTruncated`, so that nobody takes half an answer for a whole one.
final class CollectedOutput: Sendable {
  private struct Written {
    var output: [UInt8] = []
    var errors: [UInt8] = []
    var isTruncated = false
  }

  /// A lock, because commands may write from several tasks.
  private let written = Mutex(Written())
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  var output: [UInt8] { written.withLock { $0.output } }
  var errors: [UInt8] { written.withLock { $0.errors } }
  var isTruncated: Bool { written.withLock { $0.isTruncated } }

  func console(isTerminal: Bool, user: uid_t = geteuid(), input: Secret?) -> Console {
    Console(
      isTerminal: isTerminal, user: user, input: input,
      output: { [self] bytes in append(bytes) { $0.output += bytes } },
      errors: { [self] bytes in append(bytes) { $0.errors += bytes } })
  }

  private func append(_ bytes: [UInt8], _ change: (inout Written) -> Void) {
    written.withLock { written in
      if written.output.count + written.errors.count + bytes.count > limit {
        written.isTruncated = true
      } else {
        change(&written)
      }
    }
  }
}
