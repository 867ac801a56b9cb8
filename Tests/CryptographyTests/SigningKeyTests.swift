import Cryptography
import JSON
import Primitives
import TestVectors
import Testing

struct SigningKeyTests {
  private let message = Array("the message".utf8)

  @Test("a signature is valid for its own message and key only", arguments: SigningAlgorithm.allCases)
  func signatures(algorithm: SigningAlgorithm) throws {
    let (key, other) = (try SigningKey.generate(algorithm), try SigningKey.generate(algorithm))
    let signature = try key.sign(message)
    #expect(signature.count == (algorithm == .rs256 ? 256 : 64))
    #expect(key.verifyingKey.isValid(signature, over: message))
    #expect(!key.verifyingKey.isValid(signature, over: message + [0]))
    #expect(!key.verifyingKey.isValid(signature, over: []))
    #expect(!other.verifyingKey.isValid(signature, over: message))
  }

  @Test("an ES256 signature has 64 bytes every time, short numbers padded")
  func lengths() throws {
    let key = try SigningKey.generate(.es256)
    var hasShortNumber = false
    for index in 0..<2_000 {
      let message = Array("\(index)".utf8)
      let signature = try key.sign(message)
      try #require(signature.count == 64 && key.verifyingKey.isValid(signature, over: message))
      hasShortNumber = hasShortNumber || signature[0] == 0 || signature[32] == 0
    }
    #expect(hasShortNumber)
  }

  @Test("a key that was written as PKCS #8 and read again signs for the same public key", arguments: SigningAlgorithm.allCases)
  func storage(algorithm: SigningAlgorithm) throws {
    let key = try SigningKey.generate(algorithm)
    let again = try SigningKey(pkcs8: key.pkcs8(), algorithm)
    #expect(again.thumbprint == key.thumbprint)
    #expect(key.verifyingKey.isValid(try again.sign(message), over: message))
  }

  @Test("bytes that are not such a key, whole and alone, are refused", arguments: SigningAlgorithm.allCases)
  func malformedKeys(algorithm: SigningAlgorithm) throws {
    let der = try SigningKey.generate(algorithm).pkcs8().withBytes { Array($0) }
    let others = SigningAlgorithm.allCases.filter { $0 != algorithm }
    for other in others {
      #expect(throws: CryptographyError.unusableKey) { try SigningKey(pkcs8: Secret(copying: der), other) }
    }
    for bytes in [[], [0x30], Array(der.dropLast()), der + [0], [0] + der, Array(repeating: 0xFF, count: 200)] {
      #expect(throws: CryptographyError.unusableKey) { try SigningKey(pkcs8: Secret(copying: bytes), algorithm) }
    }
  }

  @Test("the public members make a key that verifies", arguments: SigningAlgorithm.allCases)
  func publicMembers(algorithm: SigningAlgorithm) throws {
    let key = try SigningKey.generate(algorithm)
    let copy = try VerifyingKey(key.verifyingKey.jwk)
    #expect(copy.algorithm == algorithm)
    #expect(copy.thumbprint == key.thumbprint)
    #expect(copy.isValid(try key.sign(message), over: message))
  }

  @Test("a point off the curve, a short number and a weak RSA key are refused")
  func weakKeys() throws {
    guard case .ellipticCurve(let x, var y) = try SigningKey.generate(.es256).verifyingKey.jwk else { return }
    y[31] ^= 1
    let zero = [UInt8](repeating: 0, count: 32)
    let weak: [PublicJWK] = [
      .ellipticCurve(x: x, y: y), .ellipticCurve(x: zero, y: zero), .ellipticCurve(x: Array(x.dropLast()), y: y),
      .ellipticCurve(x: [], y: []), .edwards(x: []), .edwards(x: Array(x.dropLast())), .rsa(modulus: [], exponent: []),
      .rsa(modulus: [0xC1] + [UInt8](repeating: 1, count: 127), exponent: [1, 0, 1]),
      .rsa(modulus: [0xC1] + [UInt8](repeating: 0, count: 255), exponent: [1, 0, 1]),
      .rsa(modulus: [0xC1] + [UInt8](repeating: 1, count: 255), exponent: [1]),
    ]
    for jwk in weak { #expect(throws: CryptographyError.unusableKey, "\(jwk)") { try VerifyingKey(jwk) } }
  }

  @Test("RSA keys may have 3072 bits and not 1024")
  func rsaSizes() throws {
    #expect(try SigningKey.generate(.rs256, rsaBits: 3072).sign(message).count == 384)
    #expect(throws: CryptographyError.unusableKey) { try SigningKey.generate(.rs256, rsaBits: 1024) }
  }

  @Test(
    "thumbprints are those of RFC 7638 and RFC 8037",
    .enabled(if: OutsideVectors.arePresent, Comment(rawValue: OutsideVectors.absence)))
  func thumbprints() throws {
    let vectors = try OutsideVectors.load("rfc.json")
    let rsa = try #require(vectors["RFC7638_thumbprint"])
    let (n, e) = (try #require(rsa["n"]?.string), try #require(rsa["e"]?.string))
    let modulus = try #require(Base64URL.decode(n))
    #expect(PublicJWK.rsa(modulus: modulus, exponent: try #require(Base64URL.decode(e))).thumbprint == rsa["thumbprint"]?.string)
    let edwards = try #require(vectors["RFC8037_A4_EdDSA"])
    let x = try #require(edwards["jwk"]?["x"]?.string.flatMap { Base64URL.decode($0) })
    #expect(try VerifyingKey(.edwards(x: x)).thumbprint == edwards["thumbprint_sha256"]?.string)
  }

  @Test("many threads sign and verify with one key at once", arguments: SigningAlgorithm.allCases)
  func threads(algorithm: SigningAlgorithm) async throws {
    let key = try SigningKey.generate(algorithm)
    await withTaskGroup(of: Bool.self) { group in
      for task in 0..<8 {
        group.addTask {
          (0..<50).allSatisfy { round in
            let message = [UInt8(task), UInt8(round)]
            guard let signature = try? key.sign(message) else { return false }
            return key.verifyingKey.isValid(signature, over: message) && !key.verifyingKey.isValid(signature, over: [0xFF])
          }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
  }
}
