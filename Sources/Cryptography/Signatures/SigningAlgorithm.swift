/// The signature algorithms of JOSE that are used here (RFC 7518, section 3.1; RFC 8037). There is no `none` and no HMAC.
package enum SigningAlgorithm: String, Sendable, CaseIterable, Codable {
  /// ECDSA on P-256 with SHA-256.
  case es256 = "ES256"
  /// RSASSA-PKCS1-v1_5 with SHA-256.
  case rs256 = "RS256"
  /// Ed25519.
  case edDSA = "EdDSA"
}
