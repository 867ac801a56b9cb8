/// The signature algorithms that authenticators and their attestations use here, by their COSE numbers (RFC 9053, RFC 8812, RFC 9864).
package enum CredentialAlgorithm: Int64, Sendable, CaseIterable {
  /// ECDSA on P-256 with SHA-256.
  case es256 = -7
  /// ECDSA on P-384 with SHA-384.
  case es384 = -35
  /// ECDSA on P-521 with SHA-512.
  case es512 = -36
  /// Ed25519: WebAuthn, section 5.8.5, allows `EdDSA` no other curve.
  case edDSA = -8
  case ed448 = -53
  /// RSASSA-PKCS1-v1_5 with SHA-256.
  case rs256 = -257

  /// OpenSSL's name of the digest that is signed; `nil` where the algorithm signs the message itself.
  var digest: String? {
    switch self {
    case .es256, .rs256: "SHA256"
    case .es384: "SHA384"
    case .es512: "SHA512"
    case .edDSA, .ed448: nil
    }
  }
}
