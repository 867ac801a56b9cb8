import Cryptography
import JSON
import Primitives
import Testing

/// A token in its three parts, read by the test and not by the code under test.
struct Token {
  let text: String
  let header: JSONValue
  let claims: JSONValue
  let signature: [UInt8]
  let signed: [UInt8]

  init(_ answer: Answer) throws { try self.init(answer.token()) }

  init(_ text: String) throws {
    self.text = text
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    try #require(parts.count == 3)
    header = try JSONValue(parsing: try #require(Base64URL.decode(parts[0])))
    claims = try JSONValue(parsing: try #require(Base64URL.decode(parts[1])))
    signature = try #require(Base64URL.decode(parts[2]))
    signed = Array("\(parts[0]).\(parts[1])".utf8)
  }

  /// Whether a key of a published set made the signature.
  func isSigned(byKeyOf set: JSONValue?) throws -> Bool {
    let kid = header["kid"]?.string
    let key = try #require(set?["keys"]?.elements?.first { $0["kid"]?.string == kid })
    #expect(key["alg"]?.string == header["alg"]?.string)
    #expect(key["use"]?.string == "sig")
    func number(_ name: String) throws -> [UInt8] { try #require(key[name]?.string.flatMap { Base64URL.decode($0) }) }
    let jwk: PublicJWK =
      switch key["kty"]?.string {
      case "EC": .ellipticCurve(x: try number("x"), y: try number("y"))
      case "RSA": .rsa(modulus: try number("n"), exponent: try number("e"))
      default: .edwards(x: try number("x"))
      }
    return try VerifyingKey(jwk).isValid(signature, over: signed)
  }
}
