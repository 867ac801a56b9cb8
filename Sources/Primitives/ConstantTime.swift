private import CSodium

/// Comparison of secrets in time that depends only on their lengths.
package enum ConstantTime {
  package static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    guard let first = left.baseAddress, let second = right.baseAddress else { return true }
    return sodium_memcmp(first, second, left.count) == 0
  }

  package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.withUnsafeBytes { first in right.withUnsafeBytes { second in areEqual(first, second) } }
  }
}
