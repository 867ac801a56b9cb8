private import COpenSSL
private import CSodium
package import Primitives

/// Keyed digests (RFC 2104).
///
/// Does not throw: OpenSSL can fail here only for want of memory, where Swift's own allocations stop the process too.
///
/// `@unchecked`: `template` is only ever duplicated, which reads it.
package struct HMAC: @unchecked Sendable {
  /// For one-time codes only (RFC 4226): every authenticator app knows it.
  package static let sha1 = HMAC("SHA1", count: 20)
  package static let sha256 = HMAC("SHA256", count: 32)
  package static let sha512 = HMAC("SHA512", count: 64)

  /// Bytes in a code.
  package let count: Int
  /// A context that knows its digest and no key: choosing the digest by name costs more than a short HMAC.
  private let template: OpaquePointer?

  private init(_ digest: String, count: Int) {
    self.count = count
    let algorithm = EVP_MAC_fetch(nil, OSSL_MAC_NAME_HMAC, nil)
    template = EVP_MAC_CTX_new(algorithm)
    EVP_MAC_free(algorithm)
    let parameters = OpenSSLParameters()
    parameters.append(OSSL_MAC_PARAM_DIGEST, text: digest)
    _ = parameters.withList { EVP_MAC_CTX_set_params(template, $0) }
  }

  package func callAsFunction(_ message: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) -> [UInt8] {
    let context = EVP_MAC_CTX_dup(template)
    defer { EVP_MAC_CTX_free(context) }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      compute(message, key, context, into: UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count))
      written = count
    }
  }

  /// The code of each counter, as eight bytes with the highest first, under one key: it is set up once, which costs as much as one of
  /// the codes. They are good inside `body` only, and wiped after it.
  func codes(of counters: ClosedRange<Int64>, key: Secret, _ body: (Int64, UnsafeRawBufferPointer) -> Void) {
    let context = EVP_MAC_CTX_dup(template)
    defer { EVP_MAC_CTX_free(context) }
    withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { code in
      defer { sodium_memzero(code.baseAddress, count) }
      for counter in counters {
        withUnsafeBytes(of: counter.bigEndian) { message in
          key.withBytes { compute(message, counter == counters.lowerBound ? $0 : nil, context, into: code) }
        }
        body(counter, UnsafeRawBufferPointer(code))
      }
    }
  }

  /// Without a key, under the one that `context` has.
  private func compute(
    _ message: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer?, _ context: OpaquePointer?, into code: UnsafeMutableRawBufferPointer
  ) {
    var written = 0
    let isDone =
      EVP_MAC_init(context, key?.bindMemory(to: UInt8.self).baseAddress, key?.count ?? 0, nil) == 1
      && EVP_MAC_update(context, message.bindMemory(to: UInt8.self).baseAddress, message.count) == 1
      && EVP_MAC_final(context, code.bindMemory(to: UInt8.self).baseAddress, &written, count) == 1
    precondition(isDone && written == count, "no memory for an HMAC")
  }

  package func callAsFunction(_ message: [UInt8], key: Secret) -> [UInt8] {
    message.withUnsafeBytes { message in key.withBytes { self(message, key: $0) } }
  }

  /// A code that is itself a secret, such as a peppered password.
  package func callAsFunction(_ message: Secret, key: Secret) -> Secret {
    var code = message.withBytes { message in key.withBytes { self(message, key: $0) } }
    defer { Secret.wipe(&code) }
    return Secret(copying: code)
  }
}
