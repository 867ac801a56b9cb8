private import COpenSSL

/// A public key that checks JOSE signatures. Used by any number of threads at once.
///
/// `@unchecked`: `template` is only ever duplicated, which reads it.
package final class VerifyingKey: @unchecked Sendable {
  package let algorithm: SigningAlgorithm
  package let jwk: PublicJWK
  /// RFC 7638.
  package let thumbprint: String
  private let handle: KeyHandle
  private let template: OpaquePointer?
  /// For ES256.
  let table: LazyKeyTable?

  /// A key made elsewhere. Refuses points off the curve and weak RSA keys.
  package convenience init(_ jwk: PublicJWK) throws(CryptographyError) {
    try self.init(try KeyHandle(owning: PublicKeyImport.key(of: jwk), jwk.algorithm))
  }

  init(_ handle: KeyHandle) throws(CryptographyError) {
    self.handle = handle
    algorithm = handle.algorithm
    jwk = try handle.publicJWK()
    thumbprint = jwk.thumbprint
    table = if case .ellipticCurve(let x, let y) = jwk { LazyKeyTable(x: x, y: y) } else { nil }
    template = algorithm == .edDSA ? nil : try handle.template(EVP_PKEY_verify_init)
  }

  deinit { EVP_PKEY_CTX_free(template) }

  /// Whether `signature` (JOSE form, exact length) was made over `message` by the private half of this key.
  package func isValid(_ signature: ArraySlice<UInt8>, over message: UnsafeRawBufferPointer) -> Bool {
    let isValid =
      switch algorithm {
      case .es256: isValidCurve(signature, Digest.sha256(message))
      case .rs256: signature.count == EVP_PKEY_get_size(handle.key) && isValidDigest(signature, Digest.sha256(message))
      case .edDSA: signature.count == 64 && isValidEdwards(signature, message)
      }
    // A wrong signature leaves its reasons in the thread's queue.
    if !isValid { ERR_clear_error() }
    return isValid
  }

  package func isValid(_ signature: [UInt8], over message: [UInt8]) -> Bool {
    message.withUnsafeBytes { isValid(signature[...], over: $0) }
  }

  private func isValidCurve(_ signature: ArraySlice<UInt8>, _ digest: [UInt8]) -> Bool {
    if let isValid = table?.use()?.isValid(signature, over: digest) { return isValid }
    return ECDSASignature.der(signature).map { isValidDigest($0[...], digest) } ?? false
  }

  private func isValidDigest(_ signature: ArraySlice<UInt8>, _ digest: [UInt8]) -> Bool {
    let context = EVP_PKEY_CTX_dup(template)
    defer { EVP_PKEY_CTX_free(context) }
    return signature.withUnsafeBufferPointer { EVP_PKEY_verify(context, $0.baseAddress, $0.count, digest, digest.count) == 1 }
  }

  private func isValidEdwards(_ signature: ArraySlice<UInt8>, _ message: UnsafeRawBufferPointer) -> Bool {
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    guard EVP_DigestVerifyInit(context, nil, nil, nil, handle.key) == 1 else { return false }
    return signature.withUnsafeBufferPointer {
      EVP_DigestVerify(context, $0.baseAddress, $0.count, message.bindMemory(to: UInt8.self).baseAddress, message.count) == 1
    }
  }
}
