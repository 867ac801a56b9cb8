internal import Cryptography
internal import Identity
internal import Persistence
internal import Primitives
internal import Tokens

/// The credentials that one loop has seen lately: bounded, found by digest, never believed without asking whether they still stand.
/// Touched only on its loop.
///
///     look-up ─▶ signing keys as then? ─▶ token's time? ─▶ standing current? ─▶ answer        from memory, no lock
///        │             no: verify anew         no: expired        no: read it from the store
///        └── unknown: verify, read, remember
final class CredentialMemory {
  private let gate: Gate
  private let tokens: AccessTokens
  private let changes: Changes
  private var credentials: RecentValues<CredentialDigest, KnownCredential>
  private var standings: RecentValues<StandingKey, KnownStanding>

  init(gate: Gate, tokens: AccessTokens, capacity: Int) {
    self.gate = gate
    self.tokens = tokens
    changes = gate.changes
    credentials = RecentValues(capacity: capacity)
    standings = RecentValues(capacity: capacity)
  }

  /// Verified, and waiting for the store to say who stands behind it.
  private struct Unplaced {
    let claims: Claims
    let generation: UInt64
  }

  private static let mostUnplaced = 256
  private var unplaced: [CredentialDigest: Unplaced] = [:]

  enum Verdict {
    case good(KnownCredential)
    case bad(DenialReason)
  }

  /// From memory; `nil` where the store or a signature has to be asked.
  func recall(_ digest: CredentialDigest, at now: Instant) -> Verdict? {
    guard let credential = credentials.value(for: digest) else { return nil }
    if credential.isToken {
      guard credential.keyGeneration == tokens.keyGeneration else { return nil }
      guard !credential.hasExpired(at: now) else {
        credentials.remove(digest)
        return .bad(.expired)
      }
      if let id = credential.revocableID, gate.isRevoked(tokenID: id) { return revoked(digest) }
    }
    guard credential.isCurrent(in: changes, at: now) else { return nil }
    credential.refresh()
    return .good(credential)
  }

  /// A token that was not seen before: its signature is checked here and now, for it is the loop's work wherever it is done, and
  /// where its standing is known there is nothing to wait for. `nil` where the store has to be asked.
  func check(token: ArraySlice<UInt8>, _ digest: CredentialDigest, at now: Instant) -> Verdict? {
    let generation = tokens.keyGeneration
    let claims: Claims
    do throws(TokenError) {
      claims = if let known = verified(digest, generation, at: now) { known } else { try tokens.verify(Array(token)).claims }
    } catch {
      credentials.remove(digest)
      return .bad(error == .expired ? .expired : .invalidToken)
    }
    guard !gate.isRevoked(claims) else { return revoked(digest) }
    let key = StandingKey(claims)
    if let known = current(key, at: now) { return remember(claims, key, known, generation, digest) }
    if unplaced.count >= Self.mostUnplaced { unplaced.removeAll(keepingCapacity: true) }
    unplaced[digest] = Unplaced(claims: claims, generation: generation)
    return nil
  }

  /// A token, verified and looked up; throws what the store throws.
  func learn(token: ArraySlice<UInt8>, _ digest: CredentialDigest, at now: Instant) async throws -> Verdict {
    if let verdict = check(token: token, digest, at: now) { return verdict }
    guard let (claims, generation) = unplaced.removeValue(forKey: digest).map({ ($0.claims, $0.generation) }) else {
      return .bad(.unavailable)
    }
    let key = StandingKey(claims)
    guard let known = try await standing(key, at: now, { try await gate.standing(of: claims) }) else {
      credentials.remove(digest)
      return .bad(.revoked)
    }
    return remember(claims, key, known, generation, digest)
  }

  /// An application's or a user's own key.
  func learn(apiKey text: ArraySlice<UInt8>, _ digest: CredentialDigest, at now: Instant) async throws -> Verdict {
    // A mistyped key fails its checksum before any database is asked.
    guard let credential = OpaqueCredential(anyKey: text) else { return .bad(.invalidToken) }
    let key = StandingKey.key(digest)
    guard let known = try await standing(key, at: now, { try await gate.standing(anyKey: credential) }) else {
      credentials.remove(digest)
      return .bad(.invalidToken)
    }
    return remember(KnownCredential(claims: nil, key, known, keyGeneration: 0, paceKey: credential.id), digest)
  }

  private func revoked(_ digest: CredentialDigest) -> Verdict {
    credentials.remove(digest)
    return .bad(.revoked)
  }

  /// What only its standing keeps from an answer is not verified again.
  private func verified(_ digest: CredentialDigest, _ generation: UInt64, at now: Instant) -> Claims? {
    if let waiting = unplaced[digest], waiting.generation == generation, now < waiting.claims.expiresAt { return waiting.claims }
    guard let credential = credentials.value(for: digest), credential.keyGeneration == generation, !credential.hasExpired(at: now)
    else { return nil }
    return credential.claims
  }

  private func current(_ key: StandingKey, at now: Instant) -> KnownStanding? {
    guard let known = standings.value(for: key), known.currency.holds(in: changes, at: now) else { return nil }
    return known
  }

  private func remember(
    _ claims: Claims, _ key: StandingKey, _ known: KnownStanding, _ generation: UInt64, _ digest: CredentialDigest
  ) -> Verdict {
    let paceKey = claims.session.map { Array($0.id.utf8) } ?? Array(claims.clientID.utf8)
    return remember(KnownCredential(claims: claims, key, known, keyGeneration: generation, paceKey: paceKey), digest)
  }

  private func remember(_ credential: KnownCredential, _ digest: CredentialDigest) -> Verdict {
    credential.refresh()
    credentials.insert(credential, for: digest)
    return .good(credential)
  }

  private func standing(
    _ key: StandingKey, at now: Instant, _ read: () async throws -> Standing?
  ) async throws -> KnownStanding? {
    if let known = current(key, at: now) { return known }
    guard let standing = try await read() else {
      standings.remove(key)
      return nil
    }
    // Another request may have been quicker; credentials rest on the one that stands here.
    if let known = standings.value(for: key) {
      known.replace(with: standing)
      return known
    }
    let known = KnownStanding(standing)
    standings.insert(known, for: key)
    return known
  }
}
