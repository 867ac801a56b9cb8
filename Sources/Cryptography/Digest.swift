private import COpenSSL
package import Primitives

/// SHA-2 (FIPS 180-4) in one call.
///
/// Does not throw: OpenSSL can fail here only for want of memory, where Swift's own allocations stop the process too.
///
/// `@unchecked`: the algorithm is fetched once (a fetch for each call would cost more than the digest) and never changes.
package struct Digest: @unchecked Sendable {
  package static let sha256 = Digest("SHA256", count: 32)
  package static let sha384 = Digest("SHA384", count: 48)
  package static let sha512 = Digest("SHA512", count: 64)

  /// Bytes in a digest.
  package let count: Int
  private let algorithm: OpaquePointer?

  private init(_ name: String, count: Int) {
    self.count = count
    algorithm = EVP_MD_fetch(nil, name, nil)
  }

  package func callAsFunction(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      let result = EVP_Digest(bytes.baseAddress, bytes.count, buffer.baseAddress, nil, algorithm, nil)
      precondition(result == 1, "no memory for a digest")
      written = count
    }
  }

  package func callAsFunction(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { self($0) } }

  package func callAsFunction(_ secret: Secret) -> [UInt8] { secret.withBytes { self($0) } }
}
