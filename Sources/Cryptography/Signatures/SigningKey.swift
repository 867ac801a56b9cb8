private import COpenSSL
package import Primitives

/// A private key that makes JOSE signatures. Used by any number of threads at once.
///
/// `@unchecked`: `template` is only ever duplicated, which reads it.
package final class SigningKey: @unchecked Sendable {
  package let verifyingKey: VerifyingKey
  private let handle: KeyHandle
  private let template: OpaquePointer?

  package var algorithm: SigningAlgorithm { handle.algorithm }
  /// The key's id: RFC 7638.
  package var thumbprint: String { verifyingKey.thumbprint }

  /// A new key. `rsaBits` (2048 to 4096) counts for RS256 only, whose keys take a good part of a second to find.
  package static func generate(_ algorithm: SigningAlgorithm, rsaBits: Int = 2048) throws(CryptographyError) -> SigningKey {
    let kinds: [SigningAlgorithm: String] = [.es256: "EC", .rs256: "RSA", .edDSA: "ED25519"]
    let context = EVP_PKEY_CTX_new_from_name(nil, kinds[algorithm], nil)
    defer { EVP_PKEY_CTX_free(context) }
    guard EVP_PKEY_keygen_init(context) == 1 else { throw .failed("EVP_PKEY_keygen_init") }
    switch algorithm {
    case .es256: guard EVP_PKEY_CTX_set_group_name(context, "P-256") == 1 else { throw .failed("EVP_PKEY_CTX_set_group_name") }
    case .rs256:
      guard (2048...4096).contains(rsaBits) else { throw .unusableKey }
      guard EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(rsaBits)) == 1 else { throw .failed("EVP_PKEY_CTX_set_rsa_keygen_bits") }
    case .edDSA: break
    }
    var key: OpaquePointer?
    guard EVP_PKEY_generate(context, &key) == 1 else { throw .failed("EVP_PKEY_generate") }
    return try SigningKey(KeyHandle(owning: key, algorithm))
  }

  /// Reads what `pkcs8` wrote. Refuses keys of another kind than `algorithm`, and trailing bytes.
  package convenience init(pkcs8: Secret, _ algorithm: SigningAlgorithm) throws(CryptographyError) {
    let key = pkcs8.withBytes { bytes -> OpaquePointer? in
      var next = bytes.bindMemory(to: UInt8.self).baseAddress
      let information = d2i_PKCS8_PRIV_KEY_INFO(nil, &next, bytes.count)
      defer { PKCS8_PRIV_KEY_INFO_free(information) }
      guard let information, let next, UnsafeRawPointer(next) == bytes.baseAddress.map({ $0 + bytes.count }) else { return nil }
      return EVP_PKCS82PKEY(information)
    }
    try self.init(KeyHandle(owning: key, algorithm))
  }

  private init(_ handle: KeyHandle) throws(CryptographyError) {
    self.handle = handle
    verifyingKey = try VerifyingKey(handle)
    template = handle.algorithm == .edDSA ? nil : try handle.template(EVP_PKEY_sign_init)
  }

  deinit { EVP_PKEY_CTX_free(template) }

  /// The private key as PKCS #8 in DER (RFC 5958), to be sealed and stored.
  package func pkcs8() throws(CryptographyError) -> Secret {
    guard let information = EVP_PKEY2PKCS8(handle.key) else { throw .failed("EVP_PKEY2PKCS8") }
    defer { PKCS8_PRIV_KEY_INFO_free(information) }
    let count = i2d_PKCS8_PRIV_KEY_INFO(information, nil)
    guard count > 0 else { throw .failed("i2d_PKCS8_PRIV_KEY_INFO") }
    return Secret(count: Int(count)) { buffer in
      var next = buffer.bindMemory(to: UInt8.self).baseAddress
      _ = i2d_PKCS8_PRIV_KEY_INFO(information, &next)
    }
  }

  /// The signature over `message` in JOSE form: 64 bytes, or as many as the RSA modulus has.
  package func sign(_ message: [UInt8]) throws(CryptographyError) -> [UInt8] {
    switch algorithm {
    case .es256:
      guard let signature = ECDSASignature.jose(try signDigest(Digest.sha256(message), capacity: 72)[...]) else {
        throw .failed("EVP_PKEY_sign")
      }
      return signature
    case .rs256: return try signDigest(Digest.sha256(message), capacity: Int(EVP_PKEY_get_size(handle.key)))
    case .edDSA: return try signEdwards(message)
    }
  }

  private func signDigest(_ digest: [UInt8], capacity: Int) throws(CryptographyError) -> [UInt8] {
    let context = EVP_PKEY_CTX_dup(template)
    defer { EVP_PKEY_CTX_free(context) }
    var signature = [UInt8](repeating: 0, count: capacity)
    var count = capacity
    guard EVP_PKEY_sign(context, &signature, &count, digest, digest.count) == 1 else { throw .failed("EVP_PKEY_sign") }
    signature.removeLast(capacity - count)
    return signature
  }

  private func signEdwards(_ message: [UInt8]) throws(CryptographyError) -> [UInt8] {
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    var signature = [UInt8](repeating: 0, count: 64)
    var count = signature.count
    guard EVP_DigestSignInit(context, nil, nil, nil, handle.key) == 1,
      EVP_DigestSign(context, &signature, &count, message, message.count) == 1, count == signature.count
    else { throw .failed("EVP_DigestSign") }
    return signature
  }
}
