import Cryptography
import JSON
import Primitives
import Tokens

/// A token is taken in one spelling only, is never believed without the key, and claims with a good signature either read back the
/// same or are refused.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  asToken(bytes)
  guard let desk else { preconditionFailure("no key") }
  if bytes.first == UInt8(ascii: "{") { desk.sign(bytes) }
  return 0
}

private func asToken(_ bytes: [UInt8]) {
  guard let token = try? UnverifiedToken(parsing: bytes) else { return }
  let segments = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
  precondition(segments.count == 3 && bytes.count <= UnverifiedToken.maxLength, "a strange form was taken")
  precondition(Base64URL.decode(segments[0]).map { Base64URL.encodeBytes($0) } == segments[0], "a second spelling of the header")
  precondition(Base64URL.encodeBytes(token.payload) == segments[1], "a second spelling of the claims")
  precondition(Base64URL.encodeBytes(token.signature) == segments[2], "a second spelling of the signature")
  guard let desk else { return }
  precondition((try? desk.verifier.verify(token, accepting: desk.acceptance)) == nil, "a forged token was believed")
  precondition(!token.isSigned(by: desk.key.verifyingKey), "a forged signature was taken")
}

/// A key made for this run.
private let desk = try? Desk()

private struct Desk {
  let key: SigningKey
  let issuer: TokenIssuer
  let verifier: TokenVerifier
  let acceptance = TokenAcceptance(audiences: ["https://a"])
  private let header: String

  init() throws {
    key = try SigningKey.generate(.es256)
    let keys = LiveKeySet(KeySet([.init(key, .active)]))
    issuer = TokenIssuer(keys: keys)
    verifier = TokenVerifier(issuer: "https://a", keys: keys, now: .fixed(at: Instant(unixSeconds: 1_800_000_000)))
    header = Base64URL.encode(Array(#"{"alg":"ES256","kid":"\#(key.thumbprint)","typ":"at+jwt"}"#.utf8))
  }

  /// Takes `payload` for claims, as if our own key had been used to sign them.
  func sign(_ payload: [UInt8]) {
    let signed = header + "." + Base64URL.encode(payload)
    guard let signature = try? key.sign(Array(signed.utf8)) else { preconditionFailure("cannot sign") }
    let token = Array((signed + "." + Base64URL.encode(signature)).utf8)
    guard let verified = try? verifier.verify(token, accepting: acceptance) else { return }
    let claims = verified.claims
    precondition(claims.issuer == "https://a" && claims.audience.contains("https://a") && claims.use == .access, "\(claims)")
    precondition(claims.expiresAt > Instant(unixSeconds: 1_800_000_000), "\(claims)")
    guard let text = try? issuer.sign(claims) else { return }
    guard let again = try? verifier.verify(Array(text.utf8), accepting: acceptance) else { preconditionFailure("not read back") }
    precondition(again.claims == claims || again.claims.arePermissionsOmitted, "read back differently")
  }
}
