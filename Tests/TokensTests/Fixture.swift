import Cryptography
import JSON
import Primitives
import Tokens

/// A server's issuer and verifier over one ES256 key, with a clock that stands.
struct Fixture {
  static let issuer = "https://auth.example.com"
  static let start = Instant(unixSeconds: 1_800_000_000)

  let clock = ManualClock(at: start)
  let key: SigningKey
  let keys: LiveKeySet
  let acceptance = TokenAcceptance(audiences: [issuer])

  init(_ algorithm: SigningAlgorithm = .es256) throws {
    key = try SigningKey.generate(algorithm)
    keys = LiveKeySet(KeySet([KeySet.Entry(key, .active)]))
  }

  var issuer: TokenIssuer { TokenIssuer(keys: keys) }
  var verifier: TokenVerifier { TokenVerifier(issuer: Self.issuer, keys: keys, now: clock.now) }

  func claims(_ change: (inout Claims) -> Void = { _ in }) -> Claims {
    var claims = Claims(
      issuer: Self.issuer, subject: "0192f3c0-0000-7000-8000-000000000001", audience: [Self.issuer], issuedAt: clock.now(),
      lifetime: .seconds(600), tokenID: "0192f3c0-0000-7000-8000-000000000002", clientID: "0192f3c0-0000-7000-8000-000000000003")
    claims.roles = ["billing", "reader"]
    claims.permissions = ["invoices:read", "models/gpt-4o:invoke"]
    claims.session = SessionClaims(
      id: "0192f3c0-0000-7000-8000-000000000004", authenticatedAt: clock.now(), methods: ["pwd", "otp", "mfa"], level: "aal2")
    change(&claims)
    return claims
  }

  func token(_ change: (inout Claims) -> Void = { _ in }) throws -> [UInt8] {
    Array(try issuer.sign(claims(change), algorithm: key.algorithm).utf8)
  }

  /// A token with a header and a payload of the test's own, signed by `signer`, or by nothing where that is `nil`.
  func forged(header: String, payload: String? = nil, by signer: SigningKey?) throws -> [UInt8] {
    let body = try payload.map { Array($0.utf8) } ?? UnverifiedToken(parsing: token()).payload
    let text = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(body)
    let signature = try signer?.sign(Array(text.utf8)) ?? []
    return Array((text + "." + Base64URL.encode(signature)).utf8)
  }

  /// The good header, with `more` members after the usual ones.
  func header(alg: String? = nil, kid: String? = nil, typ: String = "at+jwt", more: String = "") -> String {
    #"{"alg":"\#(alg ?? key.algorithm.rawValue)","kid":"\#(kid ?? key.thumbprint)","typ":"\#(typ)"\#(more)}"#
  }

  func refusal(of token: [UInt8]) -> TokenError? { refusal(of: token, acceptance) }

  func refusal(of token: [UInt8], _ acceptance: TokenAcceptance) -> TokenError? {
    do {
      _ = try verifier.verify(token, accepting: acceptance)
      return nil
    } catch {
      return error
    }
  }
}
