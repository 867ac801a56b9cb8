internal import Identity
internal import Persistence
internal import Primitives
internal import Tokens

/// Somebody's standing, shared by all credentials that rest on it. Touched only on its loop.
final class KnownStanding {
  private(set) var standing: Standing
  private(set) var currency: Standing.Currency
  /// Another one after every reading.
  private(set) var version = 0

  init(_ standing: Standing) {
    self.standing = standing
    currency = standing.currency
  }

  func replace(with standing: Standing) {
    self.standing = standing
    currency = standing.currency
    version += 1
  }
}

/// By what a standing is found again.
enum StandingKey: Hashable {
  case session(String, subject: String, client: String)
  case application(String, audience: String)
  case key(CredentialDigest)

  init(_ claims: Claims) {
    if let session = claims.session {
      self = .session(session.id, subject: claims.subject, client: claims.clientID)
    } else {
      self = .application(claims.clientID, audience: claims.audience.first ?? "")
    }
  }
}

/// A credential that was found good, with what its answers are made of. Touched only on its loop; good only where `isGood` says so
/// at the very request.
final class KnownCredential {
  /// `nil` for a key.
  let claims: Claims?
  /// Of the token, apart from its claims: those are many, and would be counted anew at each request.
  private let expiresAt: Instant?
  /// `Gate.revocableID`
  let revocableID: String?
  let standingKey: StandingKey
  let known: KnownStanding
  /// The signing keys under which the token was verified.
  let keyGeneration: UInt64
  let paceKey: [UInt8]
  private var version = -1
  private(set) var principal: Principal
  /// The ten headers, without a token.
  private(set) var fields: [UInt8] = []
  private var verdicts: [Verdict?] = []
  private var rulesGeneration: UInt64?
  private var identities: [String: SignedIdentity] = [:]

  private enum Verdict {
    case pass
    case denied(Denial)
  }

  private struct SignedIdentity {
    let fields: [UInt8]
    let until: Instant
    /// The signing keys of then: one of them may be revoked by now.
    let keyGeneration: UInt64
  }

  init(claims: Claims?, _ key: StandingKey, _ known: KnownStanding, keyGeneration: UInt64, paceKey: [UInt8]) {
    self.claims = claims
    expiresAt = claims?.expiresAt
    revocableID = claims.flatMap(Gate.revocableID)
    self.standingKey = key
    self.known = known
    self.keyGeneration = keyGeneration
    self.paceKey = paceKey
    principal = Self.principal(claims, known.standing)
  }

  /// Whether nothing was revoked, changed or ended since it was looked at. A token's own end is asked for apart.
  func isCurrent(in changes: Changes, at now: Instant) -> Bool { known.currency.holds(in: changes, at: now) }

  var isToken: Bool { expiresAt != nil }

  func hasExpired(at now: Instant) -> Bool { expiresAt.map { now >= $0 } ?? false }

  /// Makes anew what rests on a standing that was read anew.
  func refresh() {
    guard version != known.version else { return }
    version = known.version
    principal = Self.principal(claims, known.standing)
    fields = IdentityHeaders.fields(of: principal)
    verdicts = []
    identities = [:]
  }

  /// What does not change with the time, remembered by rule where the path makes no difference.
  func standingDenial(
    _ rules: RuleSet, _ generation: UInt64, _ index: Int, _ match: Rule.Match, _ path: OriginalPath?, issuer: String
  ) -> Denial? {
    let rule = rules.rules[index]
    guard !rule.hasTemplates else { return Decision.standingDenial(rule, match, path, principal, issuer: issuer) }
    if rulesGeneration != generation || verdicts.count != rules.rules.count {
      rulesGeneration = generation
      verdicts = [Verdict?](repeating: nil, count: rules.rules.count)
      identities = [:]
    }
    switch verdicts[index] {
    case .pass: return nil
    case .denied(let denial): return denial
    case nil:
      let denial = Decision.standingDenial(rule, match, path, principal, issuer: issuer)
      verdicts[index] = denial.map { .denied($0) } ?? .pass
      return denial
    }
  }

  /// The ten headers with a signed identity for `audience`. One signature serves for half of its lifetime.
  func fields(for audience: String, _ tokens: AccessTokens, at now: Instant) throws -> [UInt8] {
    let generation = tokens.keyGeneration
    if let known = identities[audience], known.keyGeneration == generation, now < known.until,
      now + IdentityToken.lifetime > known.until
    {
      return known.fields
    }
    let claims = IdentityToken.claims(of: principal, for: audience, issuer: tokens.issuer, at: now)
    let fields = IdentityHeaders.fields(of: principal, token: try tokens.issueIdentity(claims))
    identities[audience] = SignedIdentity(fields: fields, until: now + IdentityToken.lifetime / 2, keyGeneration: generation)
    return fields
  }

  private static func principal(_ claims: Claims?, _ standing: Standing) -> Principal {
    claims.map { Principal($0, standing) } ?? Principal(keyOf: standing)
  }
}
