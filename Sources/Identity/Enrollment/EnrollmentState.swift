internal import Primitives

/// A factor on its way into an account: from an invitation to the first one and its session, or from a proof to one more.
///
///     invited ──password set or right──▶ admitted ──offered──▶ firstOffered(n) ──right──▶ complete(proof)
///        │                                  │                      │ ▲    │
///        │                                  │                      │ └────┴─wrong, answers left
///        ├──wrong, locked──▶ refused ◀──────┴──has a factor────────┤
///        └──has a factor──▶ refused                                └──wrong, none left──▶ withdrawn
///
///     requested ──proof spent──▶ proven ──offered──▶ offered(n) ──right──▶ added
///        └──no proof──▶ refused                        │ ▲    │
///                                                      │ └────┴─wrong, answers left
///                                                      └──wrong, none left──▶ withdrawn
///
/// There are two ways in and no third: whoever is not invited spends a proof, and an invitation is worth nothing to an account that
/// has a factor. Only the first way ends in `complete`, and only over a password and a right answer. An event that has no arrow in
/// a state refuses, and what has ended stays ended.
package enum EnrollmentState: Sendable, Equatable {
  case invited
  /// An enrolment token stands for this.
  case admitted
  case firstOffered(attemptsLeft: Int)
  case requested
  case proven
  case offered(attemptsLeft: Int)
  /// The account has its first factor; a session opens.
  case complete(EnrollmentProof)
  /// The account has one more factor; no session opens.
  case added
  /// Too many wrong answers: what was offered is gone.
  case withdrawn
  case refused

  package enum Event: Sendable, Equatable {
    case passwordSet(hasFactor: Bool)
    case passwordRight(hasFactor: Bool)
    case passwordWrong
    case passwordLocked
    case proofSpent
    case unproven
    /// A secret was made, or a code sent, for a factor of this kind.
    case factorOffered(hasFactor: Bool)
    case answerRight(FactorMethod, hasFactor: Bool)
    case answerWrong
  }

  package static let mostAttempts = 5
  /// How long what was offered waits for its answer.
  package static let lifetime = Duration.minutes(15)

  package mutating func handle(_ event: Event) { self = next(event) }

  private func next(_ event: Event) -> EnrollmentState {
    switch (self, event) {
    case (.invited, .passwordSet(hasFactor: false)), (.invited, .passwordRight(hasFactor: false)): .admitted
    case (.admitted, .factorOffered(hasFactor: false)): .firstOffered(attemptsLeft: Self.mostAttempts)
    case (.firstOffered, .answerRight(let method, hasFactor: false)): .complete(EnrollmentProof(method))
    case (.firstOffered(let left), .answerWrong): left > 1 ? .firstOffered(attemptsLeft: left - 1) : .withdrawn
    case (.requested, .proofSpent): .proven
    case (.proven, .factorOffered): .offered(attemptsLeft: Self.mostAttempts)
    case (.offered, .answerRight): .added
    case (.offered(let left), .answerWrong): left > 1 ? .offered(attemptsLeft: left - 1) : .withdrawn
    case (.added, _), (.withdrawn, _): self
    default: .refused
    }
  }
}

/// The proof that an invited user's password was set or right and the account's first factor was shown to work. Only the arrow into
/// `complete` makes one; with it the sign-in's own proof is made.
package struct EnrollmentProof: Sendable, Equatable {
  package let method: FactorMethod

  fileprivate init(_ method: FactorMethod) { self.method = method }
}
