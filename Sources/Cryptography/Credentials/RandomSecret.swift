private import CSodium
package import Primitives

extension Secret {
  /// Fresh random bytes, written in place.
  package static func random(count: Int) -> Secret {
    Secret(count: count) { buffer in
      if let start = buffer.baseAddress { randombytes_buf(start, buffer.count) }
    }
  }
}
