private import COpenSSL

/// A public key of an authenticator or of its attestation. Signatures come as WebAuthn sends them: ECDSA in DER.
///
/// `@unchecked`: the key is not changed after `init`, and OpenSSL lets any number of threads use such a key at once.
package final class CredentialKey: @unchecked Sendable {
  /// The public numbers, big-endian.
  package enum Numbers: Hashable, Sendable {
    case ellipticCurve(Curve, x: [UInt8], y: [UInt8])
    case edwards(Edwards, x: [UInt8])
    case rsa(modulus: [UInt8], exponent: [UInt8])
  }

  package enum Curve: String, Sendable, CaseIterable {
    case p256 = "P-256"
    case p384 = "P-384"
    case p521 = "P-521"

    /// Bytes in a coordinate.
    package var coordinateCount: Int {
      switch self {
      case .p256: 32
      case .p384: 48
      case .p521: 66
      }
    }
  }

  package enum Edwards: Sendable, CaseIterable {
    case ed25519, ed448

    package var keyCount: Int { self == .ed25519 ? 32 : 57 }
  }

  private let key: OpaquePointer
  /// What the key is for. The key of a certificate can have more than one use only where its kind leaves a choice, which none here does.
  package let algorithm: CredentialAlgorithm

  /// Refuses points off the curve, RSA outside 2048 to 4096 bits or with small factors, and numbers of the wrong length.
  package convenience init(_ numbers: Numbers) throws(CryptographyError) {
    try self.init(owning: PublicKeyImport.checked(Self.key(of: numbers)))
  }

  /// For numbers that `init(_:)` has accepted before: leaves out what was found sound then, save that the point is on its curve.
  package convenience init(known numbers: Numbers) throws(CryptographyError) { try self.init(owning: Self.key(of: numbers)) }

  /// Takes ownership.
  init(owning key: OpaquePointer?) throws(CryptographyError) {
    guard let key, let algorithm = Self.algorithm(of: key) else {
      EVP_PKEY_free(key)
      ERR_clear_error()
      throw .unusableKey
    }
    self.key = key
    self.algorithm = algorithm
  }

  deinit { EVP_PKEY_free(key) }

  /// Whether both are the same public key.
  package func isSame(as other: CredentialKey) -> Bool { EVP_PKEY_eq(key, other.key) == 1 }

  /// Whether `signature` was made over `message` by the private half of this key, under its own algorithm.
  package func isValid(_ signature: [UInt8], over message: [UInt8]) -> Bool {
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    let isValid =
      EVP_DigestVerifyInit_ex(context, nil, algorithm.digest, nil, nil, key, nil) == 1
      && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    // A wrong signature leaves its reasons in the thread's queue.
    if !isValid { ERR_clear_error() }
    return isValid
  }

  private static func key(of numbers: Numbers) -> OpaquePointer? {
    switch numbers {
    case .ellipticCurve(let curve, let x, let y):
      x.count == curve.coordinateCount && y.count == curve.coordinateCount ? PublicKeyImport.ellipticCurve(curve.rawValue, x, y) : nil
    case .edwards(let kind, let x):
      x.count == kind.keyCount
        ? EVP_PKEY_new_raw_public_key(kind == .ed25519 ? EVP_PKEY_ED25519 : EVP_PKEY_ED448, nil, x, x.count) : nil
    case .rsa(let modulus, let exponent):
      modulus.count <= 512 && exponent.count <= 8 ? PublicKeyImport.rsa(modulus, exponent) : nil
    }
  }

  /// `nil` for any key that is not used here.
  private static func algorithm(of key: OpaquePointer) -> CredentialAlgorithm? {
    if EVP_PKEY_is_a(key, "ED25519") == 1 { return .edDSA }
    if EVP_PKEY_is_a(key, "ED448") == 1 { return .ed448 }
    if EVP_PKEY_is_a(key, "RSA") == 1 { return (2048...4096).contains(EVP_PKEY_get_bits(key)) ? .rs256 : nil }
    var name = [CChar](repeating: 0, count: 32)
    var count = 0
    guard EVP_PKEY_is_a(key, "EC") == 1, EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1 else { return nil }
    switch OBJ_sn2nid(name) {
    case NID_X9_62_prime256v1: return .es256
    case NID_secp384r1: return .es384
    case NID_secp521r1: return .es512
    default: return nil
    }
  }
}
