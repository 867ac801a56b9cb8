/// A step-up, from its challenge to the one change that its proof is good for. It is one row, bound to the session.
///
///     challenged(n) ──right──▶ proven ──proof presented──▶ spent
///       │ ▲     │
///       │ └─────┴──wrong or locked, answers left──▶ challenged(n - 1)
///       └──────────wrong or locked, none left─────▶ exhausted
///
/// There is no arrow to `spent` but through a right factor, and none out of `spent` or `exhausted`: an event that has no arrow in a
/// state changes nothing and is refused. That its time is over is said by the row, which is not found any more.
package enum StepUpState: Sendable, Equatable {
  case challenged(attemptsLeft: Int)
  case exhausted
  case proven
  case spent

  package enum Event: Sendable, Equatable, CaseIterable {
    case factorRight
    case factorWrong
    case factorLocked
    case proofPresented
  }

  package enum Action: Sendable, Equatable {
    case giveProof
    case acceptProof
    case refuse(attemptsLeft: Int)
    case refuseLocked
    /// No such challenge or proof.
    case unknown
  }

  package static let mostAttempts = 5

  package mutating func handle(_ event: Event) -> Action {
    switch (self, event) {
    case (.challenged, .factorRight):
      self = .proven
      return .giveProof
    case (.challenged(let left), .factorWrong):
      self = Self.challenged(after: left)
      return .refuse(attemptsLeft: left - 1)
    case (.challenged(let left), .factorLocked):
      self = Self.challenged(after: left)
      return .refuseLocked
    case (.proven, .proofPresented):
      self = .spent
      return .acceptProof
    default: return .unknown
    }
  }

  private static func challenged(after left: Int) -> StepUpState { left > 1 ? .challenged(attemptsLeft: left - 1) : .exhausted }
}
