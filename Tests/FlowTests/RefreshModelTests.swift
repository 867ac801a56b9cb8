import Identity
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Refresh rotation against a slow and obvious model")
struct RefreshModelTests {
  /// All that there is to know of a session: every token it had, and when the last but one was used.
  private struct Model {
    var tokens: [String]
    var rotatedAt: Instant?
    var isEnded = false

    /// What has to happen when the token at `index` comes at `instant`; for `nil` the answer brings a token that nobody knows yet.
    mutating func present(_ index: Int, at instant: Instant) -> (code: String?, token: String?) {
      if isEnded { return ("revoked", nil) }
      if index == tokens.count - 1 {
        rotatedAt = instant
        return (nil, nil)
      }
      if index == tokens.count - 2, let rotatedAt, instant - rotatedAt >= .seconds(-1), instant - rotatedAt <= .seconds(10) {
        return (nil, tokens[tokens.count - 1])
      }
      isEnded = true
      return ("refresh_token_reused", nil)
    }

    /// What pruning does: a successor outside its grace can never be asked for again.
    mutating func prune(at instant: Instant) {
      if let at = rotatedAt, instant - at > .seconds(10) || instant - at < .seconds(-1) { rotatedAt = nil }
    }
  }

  @Test("random refreshes of any token a session ever had, over a clock that goes to and fro, end as the model says", arguments: 1...4)
  func walk(seed: Int) async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      for _ in 0..<12 {
        // Behind the last sign-in's code again, wherever the walk has set the clock.
        world.clock.advance(by: .hours(2))
        var model = Model(tokens: [try world.signedIn(person, client).refresh()])
        for _ in 0..<40 {
          world.clock.advance(
            by: [.zero, .seconds(1), .seconds(9), .seconds(12), .seconds(-5), .minutes(-2), .minutes(2)].randomElement() ?? .zero)
          if Int.random(in: 0..<6) == 0 {
            try await world.prune()
            model.prune(at: world.clock.now())
          }
          // Mostly what a client would send, so that the walks are long.
          let index = Int.random(in: 0..<12) == 0 ? Int.random(in: 0..<model.tokens.count) : model.tokens.count - 1
          let expected = model.present(index, at: world.clock.now())
          let answer = try world.refresh(model.tokens[index], client)
          #expect(answer.code == expected.code, "token \(index) of \(model.tokens.count) at \(world.clock.now()): \(answer)")
          guard let token = answer.refreshToken else { continue }
          if let same = expected.token { #expect(token == same) } else { model.tokens.append(token) }
        }
        #expect(Set(model.tokens).count == model.tokens.count)
      }
    }
  }
}
