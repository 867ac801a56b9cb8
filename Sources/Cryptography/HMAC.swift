private import COpenSSL
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
    return code(of: message, key, context)
  }

  /// The codes of several messages under one key, which is set up once: that costs as much as the code of a short message.
  package func callAsFunction(all messages: [[UInt8]], key: Secret) -> [[UInt8]] {
    let context = EVP_MAC_CTX_dup(template)
    defer { EVP_MAC_CTX_free(context) }
    var isKeyed = false
    return messages.map { message in
      defer { isKeyed = true }
      return message.withUnsafeBytes { message in key.withBytes { code(of: message, isKeyed ? nil : $0, context) } }
    }
  }

  /// Without a key, under the one that `context` has.
  private func code(of message: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer?, _ context: OpaquePointer?) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      let isDone =
        EVP_MAC_init(context, key?.bindMemory(to: UInt8.self).baseAddress, key?.count ?? 0, nil) == 1
        && EVP_MAC_update(context, message.bindMemory(to: UInt8.self).baseAddress, message.count) == 1
        && EVP_MAC_final(context, buffer.baseAddress, &written, count) == 1
      precondition(isDone && written == count, "no memory for an HMAC")
    }
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
