internal import Glibc

/// The system would not give the descriptors that a loop needs.
package struct LoopError: Error, CustomStringConvertible {
  package let code: Int32

  package var description: String { "cannot make an event loop: \(String(cString: strerror(code)))" }
}
