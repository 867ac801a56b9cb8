internal import COpenSSL

/// An OpenSSL key, freed with its last reference.
///
/// `@unchecked`: the key is not changed after `init`, and OpenSSL lets any number of threads use such a key at once.
final class KeyHandle: @unchecked Sendable {
  let key: OpaquePointer
  let algorithm: SigningAlgorithm

  /// Takes ownership of `key`. Refuses keys of another kind, on another curve, and RSA outside 2048 to 4096 bits.
  init(owning key: OpaquePointer?, _ algorithm: SigningAlgorithm) throws(CryptographyError) {
    guard let key, Self.isUsable(key, algorithm) else {
      EVP_PKEY_free(key)
      ERR_clear_error()
      throw .unusableKey
    }
    self.key = key
    self.algorithm = algorithm
  }

  deinit { EVP_PKEY_free(key) }

  /// The public numbers.
  func publicJWK() throws(CryptographyError) -> PublicJWK {
    switch algorithm {
    case .es256: .ellipticCurve(x: try number(OSSL_PKEY_PARAM_EC_PUB_X, count: 32), y: try number(OSSL_PKEY_PARAM_EC_PUB_Y, count: 32))
    case .rs256: .rsa(modulus: try number(OSSL_PKEY_PARAM_RSA_N), exponent: try number(OSSL_PKEY_PARAM_RSA_E))
    case .edDSA: .edwards(x: try rawPublicKey())
    }
  }

  /// Calls `body` with a context for `prepare`, which is kept as a template: a copy of it costs less than a new one.
  func template(_ prepare: (OpaquePointer) -> Int32) throws(CryptographyError) -> OpaquePointer {
    guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { throw .failed("EVP_PKEY_CTX_new_from_pkey") }
    let isPrepared =
      prepare(context) == 1
      && (algorithm != .rs256 || EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1)
      && EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1
    guard isPrepared else {
      EVP_PKEY_CTX_free(context)
      throw .failed("EVP_PKEY_CTX_set_signature_md")
    }
    return context
  }

  private func number(_ name: String, count: Int? = nil) throws(CryptographyError) -> [UInt8] {
    var number: OpaquePointer?
    defer { BN_free(number) }
    guard EVP_PKEY_get_bn_param(key, name, &number) == 1, let number else { throw .failed("EVP_PKEY_get_bn_param") }
    let size = count ?? Int(BN_num_bits(number) + 7) / 8
    var bytes = [UInt8](repeating: 0, count: size)
    guard BN_bn2binpad(number, &bytes, Int32(size)) == Int32(size) else { throw .failed("BN_bn2binpad") }
    return bytes
  }

  private func rawPublicKey() throws(CryptographyError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 32)
    var count = bytes.count
    guard EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1, count == bytes.count else {
      throw .failed("EVP_PKEY_get_raw_public_key")
    }
    return bytes
  }

  private static func isUsable(_ key: OpaquePointer, _ algorithm: SigningAlgorithm) -> Bool {
    switch algorithm {
    case .es256:
      var name = [CChar](repeating: 0, count: 32)
      var count = 0
      return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1
        && OBJ_sn2nid(name) == NID_X9_62_prime256v1
    case .rs256: return EVP_PKEY_is_a(key, "RSA") == 1 && (2048...4096).contains(EVP_PKEY_get_bits(key))
    case .edDSA: return EVP_PKEY_is_a(key, "ED25519") == 1
    }
  }
}
