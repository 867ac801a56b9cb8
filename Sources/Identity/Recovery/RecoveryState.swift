internal import Primitives

/// The way back for who forgot the password: a code that was mailed, and the second factor as ever.
///
///     started(n) ──right──▶ recovered(proof)
///        │ ▲ │
///        │ └─┴──wrong or locked, answers left──▶ started(n - 1)
///        └──────wrong or locked, none left─────▶ exhausted
///
/// There is no arrow to `recovered` but through a second factor, and that the code came by mail is none: an answer that the same
/// mailbox received counts as wrong. What is recovered is the password; there is no session here, nor any way to one but a sign-in.
/// An event that has no arrow in a state changes nothing and is refused.
package enum RecoveryState: Sendable, Equatable {
  case started(attemptsLeft: Int)
  case exhausted
  case recovered(RecoveryProof)

  package enum Event: Sendable, Equatable {
    /// `bySameMailbox`: the answer went to where the recovery's code went.
    case factorRight(FactorMethod, bySameMailbox: Bool)
    case factorWrong
    case factorLocked
  }

  package enum Action: Sendable, Equatable {
    case replacePassword(RecoveryProof)
    case refuse(attemptsLeft: Int)
    case refuseLocked
    /// No such recovery.
    case unknown
  }

  package static let mostAttempts = 5
  package static let lifetime = Duration.minutes(30)

  package mutating func handle(_ event: Event) -> Action {
    guard case .started(let left) = self else { return .unknown }
    switch event {
    case .factorRight(let method, bySameMailbox: false):
      let proof = RecoveryProof(method)
      self = .recovered(proof)
      return .replacePassword(proof)
    case .factorRight(_, bySameMailbox: true), .factorWrong:
      self = Self.started(after: left)
      return .refuse(attemptsLeft: left - 1)
    case .factorLocked:
      self = Self.started(after: left)
      return .refuseLocked
    }
  }

  private static func started(after left: Int) -> RecoveryState { left > 1 ? .started(attemptsLeft: left - 1) : .exhausted }
}

/// The proof that a recovery's code and a second factor were right. Only the arrow into `recovered` makes one.
package struct RecoveryProof: Sendable, Equatable {
  package let method: FactorMethod

  fileprivate init(_ method: FactorMethod) { self.method = method }
}
