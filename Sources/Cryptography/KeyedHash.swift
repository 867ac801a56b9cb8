private import CSodium

/// SipHash-2-4 under a random key of this value: spreads keys that strangers choose over a table, so that nobody can aim at a
/// place in it. 64 bits; no digest to keep, sign or compare secrets by.
package struct KeyedHash: Sendable {
  private let key: (UInt64, UInt64)

  package init() {
    var random = SystemRandomNumberGenerator()
    key = (random.next(), random.next())
  }

  package func callAsFunction(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash: UInt64 = 0
    withUnsafeBytes(of: key) { key in
      _ = withUnsafeMutableBytes(of: &hash) { hash in
        crypto_shorthash(
          hash.bindMemory(to: UInt8.self).baseAddress, bytes.bindMemory(to: UInt8.self).baseAddress, UInt64(bytes.count),
          key.bindMemory(to: UInt8.self).baseAddress)
      }
    }
    return hash
  }
}
