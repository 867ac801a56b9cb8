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
    withUnsafePointer(to: key) { key in
      key.withMemoryRebound(to: UInt8.self, capacity: 16) { key in
        withUnsafeMutablePointer(to: &hash) { hash in
          _ = hash.withMemoryRebound(to: UInt8.self, capacity: 8) { hash in
            crypto_shorthash(hash, bytes.bindMemory(to: UInt8.self).baseAddress, UInt64(bytes.count), key)
          }
        }
      }
    }
    return hash
  }
}
