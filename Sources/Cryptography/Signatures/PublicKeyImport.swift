internal import COpenSSL

/// OpenSSL keys from public numbers.
enum PublicKeyImport {
  /// `nil` where the numbers are no key. The caller owns the key and checks its strength.
  static func key(of jwk: PublicJWK) -> OpaquePointer? {
    switch jwk {
    case .edwards(let x): x.count == 32 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, x, x.count) : nil
    case .ellipticCurve(let x, let y): x.count == 32 && y.count == 32 ? checked(ellipticCurve("P-256", x, y)) : nil
    case .rsa(let modulus, let exponent): modulus.count <= 512 && exponent.count <= 8 ? checked(rsa(modulus, exponent)) : nil
    }
  }

  /// The curve and an uncompressed point (SEC 1, section 2.3.3); `nil` where the point is not on it.
  static func ellipticCurve(_ group: String, _ x: [UInt8], _ y: [UInt8]) -> OpaquePointer? {
    let parameters = OpenSSLParameters()
    parameters.append(OSSL_PKEY_PARAM_GROUP_NAME, text: group)
    parameters.append(OSSL_PKEY_PARAM_PUB_KEY, octets: [4] + x + y)
    return build("EC", parameters)
  }

  static func rsa(_ modulus: [UInt8], _ exponent: [UInt8]) -> OpaquePointer? {
    let parameters = OpenSSLParameters()
    parameters.append(OSSL_PKEY_PARAM_RSA_N, bigEndian: modulus)
    parameters.append(OSSL_PKEY_PARAM_RSA_E, bigEndian: exponent)
    return build("RSA", parameters)
  }

  private static func build(_ kind: String, _ parameters: OpenSSLParameters) -> OpaquePointer? {
    let context = EVP_PKEY_CTX_new_from_name(nil, kind, nil)
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard EVP_PKEY_fromdata_init(context) == 1 else { return nil }
    return parameters.withList { EVP_PKEY_fromdata(context, &key, publicPart, $0) } == 1 ? key : nil
  }

  /// OSSL_KEYMGMT_SELECT_ALL_PARAMETERS and the public key: EVP_PKEY_PUBLIC_KEY, a macro that Swift does not import.
  private static let publicPart =
    OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS | OSSL_KEYMGMT_SELECT_OTHER_PARAMETERS | OSSL_KEYMGMT_SELECT_PUBLIC_KEY

  /// The key if OpenSSL finds its numbers sound: a point on the curve, a modulus without small factors.
  static func checked(_ key: OpaquePointer?) -> OpaquePointer? {
    guard let key else { return nil }
    let context = EVP_PKEY_CTX_new_from_pkey(nil, key, nil)
    defer { EVP_PKEY_CTX_free(context) }
    guard EVP_PKEY_public_check(context) == 1 else {
      EVP_PKEY_free(key)
      return nil
    }
    return key
  }
}
