import Cryptography
import JSON
import Primitives
import Testing
import Tokens

struct IssuedTokenTests {
  @Test("an issued token verifies and says what was put into it", arguments: SigningAlgorithm.allCases)
  func roundTrip(algorithm: SigningAlgorithm) throws {
    let fixture = try Fixture(algorithm)
    let token = try fixture.verifier.verify(fixture.token(), accepting: fixture.acceptance)
    #expect(token.claims == fixture.claims())
    #expect(token.type == .accessToken)
    #expect(token.keyID == fixture.key.thumbprint)
  }

  @Test("an application's own token has no session claims")
  func clientToken() throws {
    let fixture = try Fixture()
    let bytes = try fixture.token { $0.session = nil }
    let payload = try JSONValue(parsing: UnverifiedToken(parsing: bytes).payload)
    for name in ["sid", "auth_time", "amr", "acr"] { #expect(payload[name] == nil) }
    #expect(try fixture.verifier.verify(bytes, accepting: fixture.acceptance).claims.session == nil)
  }

  @Test("the header is alg, kid and typ, and the kid is base64url")
  func header() throws {
    let fixture = try Fixture()
    let text = try fixture.issuer.sign(fixture.claims(), type: .jwt)
    let header = try JSONValue(parsing: #require(Base64URL.decode(String(text.prefix { $0 != "." }))))
    #expect(header.members?.map(\.name) == ["alg", "kid", "typ"])
    #expect(header["typ"]?.string == "JWT")
    let kid = try #require(header["kid"]?.string)
    #expect(Base64URL.decode(kid)?.count == 32)
  }

  @Test("aud is a string where there is one and an array where there are more")
  func audienceForm() throws {
    let fixture = try Fixture()
    let one = try JSONValue(parsing: UnverifiedToken(parsing: fixture.token()).payload)
    #expect(one["aud"]?.string == Fixture.issuer)
    let two = try fixture.token { $0.audience.append("https://api.example.com") }
    #expect(try JSONValue(parsing: UnverifiedToken(parsing: two).payload)["aud"]?.elements?.count == 2)
    #expect(fixture.refusal(of: two, TokenAcceptance(audiences: ["https://api.example.com"])) == nil)
  }

  @Test("every claim of the contract is there under its name")
  func claimNames() throws {
    let fixture = try Fixture()
    let payload = try JSONValue(parsing: UnverifiedToken(parsing: fixture.token()).payload)
    let names = Set(try #require(payload.members).map(\.name))
    let expected = "iss sub aud exp iat nbf jti client_id roles permissions scope token_use sid auth_time amr acr"
    #expect(names == Set(expected.split(separator: " ").map(String.init)))
    #expect(payload["scope"]?.string == "invoices:read models/gpt-4o:invoke")
    #expect(payload["token_use"]?.string == "access")
    #expect(payload["exp"]?.integer == 1_800_000_600)
  }

  @Test("permissions that would make the token longer than 4 KiB are left out, and it says so", arguments: SigningAlgorithm.allCases)
  func cap(algorithm: SigningAlgorithm) throws {
    let fixture = try Fixture(algorithm)
    var lengths: [Int] = []
    for count in 0..<220 {
      let bytes = try fixture.token { $0.permissions = (0..<count).map { "models/\($0):invoke" } }
      let claims = try fixture.verifier.verify(bytes, accepting: fixture.acceptance).claims
      #expect(bytes.count <= TokenIssuer.maxLength)
      #expect(claims.arePermissionsOmitted ? claims.permissions.isEmpty : claims.permissions.count == count)
      if !claims.arePermissionsOmitted { lengths.append(bytes.count) }
    }
    #expect(try #require(lengths.last) > 3900, "permissions are kept as long as they fit")
    #expect(lengths.count < 220)
  }

  @Test("claims that do not fit without permissions either are refused, not cut")
  func tooManyRoles() throws {
    let fixture = try Fixture()
    #expect(throws: TokenError.tooManyClaims) {
      try fixture.token { $0.roles = (0..<400).map { "role-\($0)" } }
    }
  }

  @Test("a key that is only published or retiring signs nothing", arguments: [KeySet.State.published, .retiring])
  func inactiveKey(state: KeySet.State) throws {
    let fixture = try Fixture()
    fixture.keys.replace(with: KeySet([KeySet.Entry(fixture.key, state)]))
    #expect(throws: TokenError.noActiveKey) { try fixture.token() }
  }

  @Test("across a rotation the old token stays good until its key is gone")
  func rotation() throws {
    let fixture = try Fixture()
    let old = try fixture.token()
    let next = try SigningKey.generate(.es256)
    fixture.keys.replace(with: KeySet([.init(fixture.key, .active), .init(next, .published)]))
    #expect(try fixture.verifier.verify(fixture.token(), accepting: fixture.acceptance).keyID == fixture.key.thumbprint)
    fixture.keys.replace(with: KeySet([.init(fixture.key, .retiring), .init(next, .active)]))
    #expect(try fixture.verifier.verify(fixture.token(), accepting: fixture.acceptance).keyID == next.thumbprint)
    #expect(fixture.refusal(of: old) == nil)
    fixture.keys.replace(with: KeySet([.init(next, .active)]))
    #expect(fixture.refusal(of: old) == .unknownKey)
  }

  @Test("the key set shows the public half of every key, coming and going ones too, and nothing private")
  func jwks() throws {
    let keys = try SigningAlgorithm.allCases.map { try SigningKey.generate($0) }
    let set = KeySet(zip(keys, KeySet.State.allCases).map { KeySet.Entry($0, $1) })
    let rendered = try JSONValue(parsing: JWKS.render(set))
    let shown = try #require(rendered["keys"]?.elements)
    #expect(shown.count == 3)
    for (key, entry) in zip(keys, shown) {
      #expect(entry["kid"]?.string == key.thumbprint)
      #expect(entry["alg"]?.string == key.algorithm.rawValue)
      #expect(entry["use"]?.string == "sig")
      for name in ["d", "p", "q", "dp", "dq", "qi", "k"] { #expect(entry[name] == nil) }
    }
    #expect(shown.map { $0["kty"]?.string } == ["EC", "RSA", "OKP"])
    #expect(shown[0]["crv"]?.string == "P-256")
  }
}
