package import Cryptography
package import Journal
package import Persistence
package import Primitives
internal import Tokens

/// Steps of the signing keys that are in force when the call returns: in the store, and in what this process signs and verifies
/// with. A request meets the set before or the set after, and both know every key whose tokens are good.
package struct KeyRotation: Sendable {
  package let keys: SigningKeys
  private let tokens: AccessTokens
  private let changes: Changes
  private let now: Now

  package init(keys: SigningKeys, tokens: AccessTokens, changes: Changes, now: Now) {
    self.keys = keys
    self.tokens = tokens
    self.changes = changes
    self.now = now
  }

  /// Does what has become due, and takes over what another node did.
  package func advance() async throws {
    let isChanged = try await keys.advance()
    let stored = try await keys.list().map { "\($0.kid) \($0.stage.rawValue)" }
    if isChanged || stored != tokens.keySet.entries.map({ "\($0.id) \($0.state.rawValue)" }) { try await putInForce() }
  }

  /// How long until the next step is due; `nil` where none is planned.
  package func pause() async throws -> Duration? {
    SigningKeyLife(try await keys.list(), keys.schedule).nextMoment.map { max(.zero, $0 - now()) }
  }

  package func rotate(
    _ algorithms: [SigningAlgorithm], isImmediate: Bool, by provenance: Provenance
  ) async throws -> SigningKeys.Outcome {
    let outcome = try await keys.take(.rotate(algorithms, isImmediate: isImmediate), by: provenance)
    try await putInForce()
    return outcome
  }

  /// `nil` where there never was such a key.
  package func revoke(_ kid: String, by provenance: Provenance) async throws -> SigningKeys.Outcome? {
    guard try await keys.key(kid) != nil else { return nil }
    let outcome = try await keys.take(.revoke(kid), by: provenance)
    try await putInForce()
    return outcome
  }

  private func putInForce() async throws {
    try await tokens.renew { try await keys.keySet() }
    // Who verified between the commit and this moment did it with the keys from before.
    changes.count([.signingKeys])
  }
}
