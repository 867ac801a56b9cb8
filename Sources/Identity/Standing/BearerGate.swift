internal import Tokens

/// The door of whoever brings an access token that is meant for this server, be it a user's or an application's own.
package struct BearerGate: Sendable {
  private let gate: Gate
  private let tokens: AccessTokens

  package init(gate: Gate, tokens: AccessTokens) {
    self.gate = gate
    self.tokens = tokens
  }

  package enum Verdict: Sendable {
    case live(Standing)
    case expired
    /// The token is good, and nobody stands behind it any more.
    case ended
    case invalid
  }

  /// `ofUser`: an application's own token is none here.
  package func standing(bearer token: String, ofUser isUserNeeded: Bool = false) async throws -> Verdict {
    switch tokens.ours(token) {
    case .good(let claims) where isUserNeeded && claims.session == nil: .invalid
    case .good(let claims): try await gate.standing(of: claims).map { .live($0.narrowed(to: claims)) } ?? .ended
    case .bad(.expired): .expired
    case .bad: .invalid
    }
  }
}
