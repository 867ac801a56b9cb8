private import Cryptography
package import Primitives

/// A token that was signed by a key of ours, is in its time and is meant for the door at which it was shown. Only
/// `TokenVerifier` can make one; whether its session was revoked since is for the caller to ask.
package struct VerifiedToken: Sendable {
  package let claims: Claims
  package let type: TokenType
  package let keyID: String

  fileprivate init(claims: Claims, type: TokenType, keyID: String) {
    self.claims = claims
    self.type = type
    self.keyID = keyID
  }
}

/// What a door takes. There is no default for the audience, so that no door forgets it.
package struct TokenAcceptance: Sendable {
  /// One of these must be in `aud`; `nil` where the caller compares them itself.
  package let audiences: [String]?
  package let use: TokenUse
  package let types: [TokenType]

  package init(audiences: [String], use: TokenUse = .access, types: [TokenType] = TokenType.ofAccess) {
    self.audiences = audiences
    self.use = use
    self.types = types
  }

  private init() {
    audiences = nil
    use = .access
    types = TokenType.ofAccess
  }

  /// An access token whoever it is meant for: decisions compare its audience with their rule's.
  package static let forDecision = TokenAcceptance()
}

/// Decides whether a token is good: form, key, algorithm, type, signature, and only then issuer, time, audience and use
/// (RFC 9068, section 4; RFC 8725).
package struct TokenVerifier: Sendable {
  package let issuer: String
  private let keys: LiveKeySet
  private let now: Now
  /// How far the clock of the node that issued a token may be ahead of ours. Nothing is added to `exp`.
  private let leeway: Duration

  package init(issuer: String, keys: LiveKeySet, now: Now, leeway: Duration = .seconds(5)) {
    self.issuer = issuer
    self.keys = keys
    self.now = now
    self.leeway = leeway
  }

  package func verify(_ text: [UInt8], accepting acceptance: TokenAcceptance) throws(TokenError) -> VerifiedToken {
    try verify(UnverifiedToken(parsing: text), accepting: acceptance)
  }

  package func verify(_ token: UnverifiedToken, accepting acceptance: TokenAcceptance) throws(TokenError) -> VerifiedToken {
    guard let keyID = token.keyID, let key = keys.current[keyID] else { throw .unknownKey }
    guard key.algorithm == token.algorithm else { throw .algorithmMismatch }
    guard let type = token.type.flatMap(TokenType.init(rawValue:)) else { throw .wrongType }
    guard token.isSigned(by: key) else { throw .badSignature }
    let claims = try Claims.parse(token.payload)
    guard claims.issuer == issuer else { throw .wrongIssuer }
    let verified = VerifiedToken(claims: claims, type: type, keyID: keyID)
    try check(verified, accepting: acceptance)
    return verified
  }

  /// What can be different at another time or another door, for a token that is kept: time, type, use, audience.
  package func check(_ token: VerifiedToken, accepting acceptance: TokenAcceptance) throws(TokenError) {
    let claims = token.claims
    let now = now()
    guard now < claims.expiresAt else { throw .expired }
    guard claims.notBefore <= now + leeway, claims.issuedAt <= now + leeway else { throw .notYetValid }
    guard acceptance.types.contains(token.type) else { throw .wrongType }
    guard claims.use == acceptance.use else { throw .wrongUse }
    guard acceptance.audiences?.contains(where: claims.audience.contains) ?? true else { throw .wrongAudience }
  }
}
