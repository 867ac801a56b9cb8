private import CSodium

/// Bytes that must not leak: a password, a key, a credential. It cannot be printed, logged, compared with `==` or turned
/// into a `String` by accident, and its memory is wiped when the last reference goes.
///
/// `@unchecked`: the buffer is written only before `init` returns and freed only in `deinit`.
package final class Secret: @unchecked Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  private let buffer: UnsafeMutableRawBufferPointer

  /// A secret of `count` bytes that `fill` writes in place.
  package init(count: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    buffer = .allocate(byteCount: count, alignment: 16)
    do {
      try fill(buffer)
    } catch {
      sodium_memzero(buffer.baseAddress, count)
      throw error
    }
  }

  /// A copy. The caller wipes its own bytes where it can (`Secret.wipe`).
  package convenience init(copying bytes: some Collection<UInt8>) {
    self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
  }

  deinit {
    sodium_memzero(buffer.baseAddress, buffer.count)
    buffer.deallocate()
  }

  package var count: Int { buffer.count }

  /// The pointer is good only inside `body`.
  package func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(buffer))
  }

  /// Compares in time that depends only on the lengths.
  package func isEqual(to other: Secret) -> Bool {
    ConstantTime.areEqual(UnsafeRawBufferPointer(buffer), UnsafeRawBufferPointer(other.buffer))
  }

  /// Wipes bytes in place, also for whoever shares their storage: for input whose secrets have been taken out and which nobody
  /// reads any more.
  package static func wipeStorage(of bytes: [UInt8]) {
    bytes.withUnsafeBytes { sodium_memzero(UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count) }
  }

  package static func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) }
    bytes.removeAll()
  }

  package var description: String { "(secret)" }
  package var debugDescription: String { "(secret)" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
