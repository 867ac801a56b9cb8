package import Cryptography

/// A credential's public key as authenticators write it (RFC 9052, section 7; WebAuthn, section 5.8.5). Exactly the members that the
/// algorithm needs are allowed.
package struct COSEKey: Hashable, Sendable {
  package let algorithm: CredentialAlgorithm
  package let numbers: CredentialKey.Numbers

  private enum Label {
    static let kind = CBOR.unsigned(1)
    static let algorithm = CBOR.unsigned(3)
    /// The curve; of an RSA key, the modulus.
    static let first = CBOR.negative(-1)
    /// The x coordinate; of an RSA key, the exponent.
    static let second = CBOR.negative(-2)
    static let third = CBOR.negative(-3)
  }

  /// Reads what was stored.
  package init(_ bytes: [UInt8]) throws(WebAuthnError) {
    guard let value = try? CBORReader.read(bytes) else { throw .malformed("public key") }
    try self.init(value)
  }

  init(_ value: CBOR) throws(WebAuthnError) {
    guard let members = value.members, let number = members[Label.algorithm]?.integer else { throw .malformed("public key") }
    guard let algorithm = CredentialAlgorithm(rawValue: number) else { throw .unsupportedAlgorithm }
    self.algorithm = algorithm
    let kind = members[Label.kind]?.integer
    switch algorithm {
    case .es256, .es384, .es512:
      let (curve, number): (CredentialKey.Curve, Int64) =
        switch algorithm {
        case .es384: (.p384, 2)
        case .es512: (.p521, 3)
        default: (.p256, 1)
        }
      guard members.count == 5, kind == 2, members[Label.first]?.integer == number, let x = members[Label.second]?.bytes,
        let y = members[Label.third]?.bytes, x.count == curve.coordinateCount, y.count == curve.coordinateCount
      else { throw .malformed("public key") }
      numbers = .ellipticCurve(curve, x: x, y: y)
    case .edDSA, .ed448:
      let (edwards, number): (CredentialKey.Edwards, Int64) = algorithm == .edDSA ? (.ed25519, 6) : (.ed448, 7)
      guard members.count == 4, kind == 1, members[Label.first]?.integer == number, let x = members[Label.second]?.bytes,
        x.count == edwards.keyCount
      else { throw .malformed("public key") }
      numbers = .edwards(edwards, x: x)
    case .rs256:
      guard members.count == 4, kind == 3, let modulus = members[Label.first]?.bytes, let exponent = members[Label.second]?.bytes else {
        throw .malformed("public key")
      }
      numbers = .rsa(modulus: modulus, exponent: exponent)
    }
  }
}
