import Cryptography
import JSON
import Primitives
import Testing
import Tokens

struct HostileTokenTests {
  @Test("the fixture's forge makes a good token, so that the refusals below are for the reason named")
  func control() throws {
    let fixture = try Fixture()
    #expect(fixture.refusal(of: try fixture.forged(header: fixture.header(), by: fixture.key)) == nil)
  }

  @Test("an unsigned token is refused, however none is spelled", arguments: ["none", "None", "NONE", "nOnE", ""])
  func algorithmNone(name: String) throws {
    let fixture = try Fixture()
    #expect(fixture.refusal(of: try fixture.forged(header: fixture.header(alg: name), by: nil)) == .unsupportedAlgorithm)
    #expect(fixture.refusal(of: try fixture.forged(header: fixture.header(alg: name), by: fixture.key)) == .unsupportedAlgorithm)
  }

  @Test("an HMAC under the public key is refused")
  func publicKeyAsHMACKey() throws {
    let fixture = try Fixture(.rs256)
    guard case .rsa(let modulus, _) = fixture.key.verifyingKey.jwk else { return }
    for (name, hmac) in [("HS256", HMAC.sha256), ("HS512", HMAC.sha512)] {
      let payload = try UnverifiedToken(parsing: fixture.token()).payload
      let text = Base64URL.encode(Array(fixture.header(alg: name).utf8)) + "." + Base64URL.encode(payload)
      let code = hmac(Array(text.utf8), key: Secret(copying: modulus))
      #expect(fixture.refusal(of: Array((text + "." + Base64URL.encode(code)).utf8)) == .unsupportedAlgorithm)
    }
  }

  @Test("a key is used with its own algorithm only")
  func algorithmOfAnotherKey() throws {
    let fixture = try Fixture()
    let other = try SigningKey.generate(.edDSA)
    fixture.keys.replace(with: KeySet([.init(fixture.key, .active), .init(other, .active)]))
    let confused = try fixture.forged(header: fixture.header(alg: "EdDSA"), by: other)
    #expect(fixture.refusal(of: confused) == .algorithmMismatch)
  }

  @Test(
    "a kid that is a path, a query, a URL or another's is just unknown",
    arguments: ["../../../dev/null", "' OR '1'='1", "https://evil.example/key", "", "kid", "/proc/self/environ"])
  func keyInjection(kid: String) throws {
    let fixture = try Fixture()
    #expect(fixture.refusal(of: try fixture.forged(header: fixture.header(kid: kid), by: fixture.key)) == .unknownKey)
  }

  @Test("a token without a kid is refused")
  func missingKey() throws {
    let fixture = try Fixture()
    #expect(fixture.refusal(of: try fixture.forged(header: #"{"alg":"ES256","typ":"at+jwt"}"#, by: fixture.key)) == .unknownKey)
  }

  @Test(
    "a header that brings a key or must be understood is refused, though the signature is right",
    arguments: [
      #""jku":"https://evil.example/jwks.json""#, #""jwk":{"kty":"EC"}"#, #""x5u":"https://evil.example/c.pem""#, #""x5c":["MII="]"#,
      #""crit":["exp"],"exp":1"#, #""crit":[]"#, #""b64":false,"crit":["b64"]"#, #""b64":true"#, #""zip":"DEF""#, #""x5t":"AA""#,
      #""\u006aku":"https://evil.example/jwks.json""#,
    ])
  func forbiddenHeaders(member: String) throws {
    let fixture = try Fixture()
    let token = try fixture.forged(header: fixture.header(more: "," + member), by: fixture.key)
    #expect(fixture.refusal(of: token) == .forbiddenHeader)
  }

  @Test(
    "a header that is not one strict object is malformed",
    arguments: [
      "", "null", "[]", "{}", #"{"alg":"ES256","alg":"none"}"#, #"{"alg":1}"#, #"{"alg":null}"#, #"{"alg":["ES256"]}"#,
      #"{"alg":"ES256","kid":7}"#, #"{"alg":"ES256",}"#, #"{"alg":"ES256"}{}"#, "\u{FEFF}{\"alg\":\"ES256\"}", #"{"alg":"ES256""#,
      #"{"alg":"ES256","\u0061lg":"ES256"}"#, #"{"alg":"ES256\u0000"}"#,
    ])
  func malformedHeaders(header: String) throws {
    let fixture = try Fixture()
    #expect(fixture.refusal(of: try fixture.forged(header: header, by: fixture.key)) == .malformed)
  }

  @Test("a type that no door takes, or none, is refused", arguments: ["at+JWT", "jwt", "cf-id+jwt", "application/at+jwt", "", "dpop+jwt"])
  func wrongType(type: String) throws {
    let fixture = try Fixture()
    #expect(fixture.refusal(of: try fixture.forged(header: fixture.header(typ: type), by: fixture.key)) == .wrongType)
    let none = #"{"alg":"ES256","kid":"\#(fixture.key.thumbprint)"}"#
    #expect(fixture.refusal(of: try fixture.forged(header: none, by: fixture.key)) == .wrongType)
  }

  @Test("a door that takes one type refuses the other")
  func typeOfTheDoor() throws {
    let fixture = try Fixture()
    let token = Array(try fixture.issuer.sign(fixture.claims(), type: .jwt).utf8)
    #expect(fixture.refusal(of: token) == nil)
    #expect(fixture.refusal(of: token, TokenAcceptance(audiences: [Fixture.issuer], types: [.accessToken])) == .wrongType)
  }

  @Test("another issuer's token is refused, by its key and by its name")
  func anotherIssuer() throws {
    let fixture = try Fixture()
    let other = try Fixture()
    #expect(fixture.refusal(of: try other.token()) == .unknownKey)
    #expect(fixture.refusal(of: try fixture.token { $0.issuer = "https://auth.example.org" }) == .wrongIssuer)
    #expect(fixture.refusal(of: try fixture.forged(header: fixture.header(), by: other.key)) == .badSignature)
  }

  @Test("a token for another audience or another use is refused")
  func anotherDoor() throws {
    let fixture = try Fixture()
    #expect(fixture.refusal(of: try fixture.token { $0.audience = ["https://api.example.com"] }) == .wrongAudience)
    #expect(fixture.refusal(of: try fixture.token(), TokenAcceptance(audiences: [])) == .wrongAudience)
    #expect(fixture.refusal(of: try fixture.token { $0.use = .identity }) == .wrongUse)
  }

  @Test("a token is good up to its last second and not before its first")
  func time() throws {
    let fixture = try Fixture()
    let token = try fixture.token()
    fixture.clock.advance(by: .seconds(599))
    #expect(fixture.refusal(of: token) == nil)
    fixture.clock.advance(by: .seconds(1))
    #expect(fixture.refusal(of: token) == .expired)
    fixture.clock.advance(by: .seconds(-605))
    #expect(fixture.refusal(of: token) == nil, "five seconds of another node's clock are forgiven")
    fixture.clock.advance(by: .seconds(-1))
    #expect(fixture.refusal(of: token) == .notYetValid)
  }

  @Test("a token that was verified once is refused at another door and after its end")
  func checkAgain() throws {
    let fixture = try Fixture()
    let kept = try fixture.verifier.verify(fixture.token(), accepting: fixture.acceptance)
    #expect(throws: TokenError.wrongAudience) { try fixture.verifier.check(kept, accepting: TokenAcceptance(audiences: ["https://x"])) }
    fixture.clock.advance(by: .seconds(600))
    #expect(throws: TokenError.expired) { try fixture.verifier.check(kept, accepting: fixture.acceptance) }
  }
}
