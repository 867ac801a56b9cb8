import Cryptography
import JSON
import Primitives
import TestVectors
import Testing
import Tokens

@Suite(.enabled(if: OutsideVectors.arePresent, Comment(rawValue: OutsideVectors.absence)))
struct JWSVectorTests {
  @Test("the ES256 example of RFC 7515 and the EdDSA example of RFC 8037 verify", arguments: ["RFC7515_A3_ES256", "RFC8037_A4_EdDSA"])
  func good(name: String) throws {
    let vector = try #require(OutsideVectors.load("rfc.json")[name])
    let key = try VerifyingKey(#require(PublicJWK(vector["jwk"])))
    let text = Array(try #require(vector["token"]?.string).utf8)
    let token = try UnverifiedToken(parsing: text)
    #expect(token.isSigned(by: key))
    var flipped = text
    flipped[30] ^= 1
    #expect((try? UnverifiedToken(parsing: flipped))?.isSigned(by: key) != true)
  }

  @Test("the HMAC and the unsigned example of RFC 7515 are refused", arguments: ["RFC7515_A1_HS256", "RFC7515_A5_none_MUST_REJECT"])
  func refused(name: String) throws {
    let text = try #require(OutsideVectors.load("rfc.json")[name]?["token"]?.string)
    #expect(throws: TokenError.unsupportedAlgorithm) { try UnverifiedToken(parsing: Array(text.utf8)) }
  }

  @Test("a DPoP proof, which brings its own key, is no token")
  func proofs() throws {
    for proof in try #require(OutsideVectors.load("rfc.json")["RFC9449_DPoP_proofs"]?.elements) {
      let text = try #require(proof["token"]?.string)
      #expect(throws: TokenError.forbiddenHeader) { try UnverifiedToken(parsing: Array(text.utf8)) }
    }
  }
}

extension PublicJWK {
  fileprivate init?(_ value: JSONValue?) {
    func bytes(_ name: String) -> [UInt8]? { value?[name]?.string.flatMap { Base64URL.decode($0) } }
    if let x = bytes("x"), let y = bytes("y") {
      self = .ellipticCurve(x: x, y: y)
    } else if let x = bytes("x") {
      self = .edwards(x: x)
    } else {
      return nil
    }
  }
}
