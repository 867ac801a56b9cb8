internal import Cryptography

/// The public part of a key in a TPM: `TPMT_PUBLIC` (TPM 2.0 library, part 2, section 12.2.4), for signing keys on the NIST curves and
/// RSA.
struct TPMPublicArea {
  let numbers: CredentialKey.Numbers
  private let nameDigest: Digest
  private let nameAlgorithm: UInt64

  private enum Algorithm {
    static let rsa: UInt64 = 0x0001
    static let null: UInt64 = 0x0010
    static let ecc: UInt64 = 0x0023
  }

  init?(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes[...])
    guard let kind = reader.number(2), let nameAlgorithm = reader.number(2), let digest = Self.digest(nameAlgorithm),
      // Attributes and policy say nothing that WebAuthn asks.
      reader.take(4) != nil, reader.sized() != nil, reader.number(2) == Algorithm.null, let scheme = reader.number(2),
      scheme == Algorithm.null || reader.take(2) != nil
    else { return nil }
    self.nameAlgorithm = nameAlgorithm
    nameDigest = digest
    switch kind {
    case Algorithm.ecc: guard let numbers = Self.point(&reader) else { return nil }; self.numbers = numbers
    case Algorithm.rsa: guard let numbers = Self.rsa(&reader) else { return nil }; self.numbers = numbers
    default: return nil
    }
    guard reader.rest.isEmpty else { return nil }
  }

  /// By which a TPM names the key whose public area is `bytes`.
  func name(of bytes: [UInt8]) -> [UInt8] { [UInt8(nameAlgorithm >> 8), UInt8(nameAlgorithm & 255)] + nameDigest(bytes) }

  private static func point(_ reader: inout ByteReader) -> CredentialKey.Numbers? {
    let curves: [UInt64: CredentialKey.Curve] = [3: .p256, 4: .p384, 5: .p521]
    guard let curve = reader.number(2).flatMap({ curves[$0] }), reader.number(2) == Algorithm.null, let x = reader.sized(),
      let y = reader.sized(), x.count <= curve.coordinateCount, y.count <= curve.coordinateCount
    else { return nil }
    func padded(_ number: [UInt8]) -> [UInt8] { [UInt8](repeating: 0, count: curve.coordinateCount - number.count) + number }
    return .ellipticCurve(curve, x: padded(x), y: padded(y))
  }

  private static func rsa(_ reader: inout ByteReader) -> CredentialKey.Numbers? {
    guard reader.number(2) != nil, let exponent = reader.number(4), let modulus = reader.sized() else { return nil }
    // A zero stands for the usual exponent.
    let value = exponent == 0 ? 65_537 : exponent
    let bytes = stride(from: UInt64(24), through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    return .rsa(modulus: modulus, exponent: Array(bytes.drop { $0 == 0 }))
  }

  private static func digest(_ algorithm: UInt64) -> Digest? {
    switch algorithm {
    case 0x000B: .sha256
    case 0x000C: .sha384
    case 0x000D: .sha512
    default: nil
    }
  }
}

/// What a TPM signs of a key: `TPMS_ATTEST` with `TPMS_CERTIFY_INFO` (TPM 2.0 library, part 2, section 10.12.12).
struct TPMCertification {
  let extraData: [UInt8]
  let name: [UInt8]

  init?(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes[...])
    // TPM_GENERATED_VALUE, TPM_ST_ATTEST_CERTIFY; then the signer, what was asked to be signed, clock and firmware.
    guard reader.number(4) == 0xFF54_4347, reader.number(2) == 0x8017, reader.sized() != nil, let extraData = reader.sized(),
      reader.take(25) != nil, let name = reader.sized(), reader.sized() != nil, reader.rest.isEmpty
    else { return nil }
    self.extraData = extraData
    self.name = name
  }
}
