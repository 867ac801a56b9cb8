private import Primitives

/// The public numbers of a key as JOSE names them (RFC 7518, section 6; RFC 8037, section 2). Big-endian.
package enum PublicJWK: Hashable, Sendable {
  /// On P-256: 32 bytes each.
  case ellipticCurve(x: [UInt8], y: [UInt8])
  case rsa(modulus: [UInt8], exponent: [UInt8])
  /// Ed25519: 32 bytes.
  case edwards(x: [UInt8])

  package var algorithm: SigningAlgorithm {
    switch self {
    case .ellipticCurve: .es256
    case .rsa: .rs256
    case .edwards: .edDSA
    }
  }

  /// The members that make the key what it is, in the order of their names.
  package var members: [(name: String, value: String)] {
    switch self {
    case .ellipticCurve(let x, let y):
      [("crv", "P-256"), ("kty", "EC"), ("x", Base64URL.encode(x)), ("y", Base64URL.encode(y))]
    case .rsa(let modulus, let exponent):
      [("e", Base64URL.encode(exponent)), ("kty", "RSA"), ("n", Base64URL.encode(modulus))]
    case .edwards(let x):
      [("crv", "Ed25519"), ("kty", "OKP"), ("x", Base64URL.encode(x))]
    }
  }

  /// SHA-256 of the members in their canonical form, as base64url (RFC 7638): the `kid` of every key here.
  package var thumbprint: String {
    // Names and values are plain ASCII without quotes, so that nothing has to be escaped.
    let text = "{" + members.map { "\"\($0.name)\":\"\($0.value)\"" }.joined(separator: ",") + "}"
    return Base64URL.encode(Digest.sha256(Array(text.utf8)))
  }
}
