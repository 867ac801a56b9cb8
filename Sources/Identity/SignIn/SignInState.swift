/// A sign-in, from the password to the session, over one call or two.
///
///     awaitingPassword ──wrong──▶ refused        challenged            (second call starts here)
///        │ │ │ └──locked──▶ locked                  │ challengeAnswered
///        │ │ └─right, no factor─▶ enrollmentRequired│
///        │ └───right, no answer──▶ challenged       │
///        └─────right, answer──────▶ awaitingFactor ◀┘
///                                     │ │ └──locked──▶ locked
///                                     │ └────wrong───▶ refused
///                                     └──────right───▶ complete(proof)
///
/// There is no arrow from a password to `complete`: that multi-factor is mandatory is a property of this type. An event that
/// has no arrow in a state refuses, and what has ended stays ended.
package enum SignInState: Sendable, Equatable {
  case awaitingPassword
  case awaitingFactor
  /// The password was right and a second call is to bring the factor.
  case challenged
  case complete(SignInProof)
  case refused
  case locked
  case enrollmentRequired

  package enum Event: Sendable, Equatable {
    case passwordRight(hasFactor: Bool, hasAnswer: Bool)
    /// Unknown or disabled user, or wrong password: one event, because nobody may tell them apart.
    case passwordWrong
    case passwordLocked
    /// A live challenge was found and gave up one of its answers.
    case challengeAnswered
    case factorRight(FactorMethod)
    case factorWrong
    case factorLocked
  }

  package mutating func handle(_ event: Event) { self = next(event) }

  private func next(_ event: Event) -> SignInState {
    switch (self, event) {
    case (.awaitingPassword, .passwordRight(hasFactor: false, hasAnswer: _)): .enrollmentRequired
    case (.awaitingPassword, .passwordRight(hasFactor: true, hasAnswer: false)): .challenged
    case (.awaitingPassword, .passwordRight(hasFactor: true, hasAnswer: true)): .awaitingFactor
    case (.awaitingPassword, .passwordLocked): .locked
    case (.challenged, .challengeAnswered): .awaitingFactor
    case (.awaitingFactor, .factorRight(let method)): .complete(SignInProof(method))
    case (.awaitingFactor, .factorLocked): .locked
    case (.complete, _), (.locked, _), (.enrollmentRequired, _): ended
    default: .refused
    }
  }

  /// An ended sign-in that receives another event: what was proven is withdrawn, the rest stays as it is.
  private var ended: SignInState { if case .complete = self { .refused } else { self } }
}

/// The proof that a password and a second factor were right. Only the arrow into `complete` makes one, here or in
/// `EnrollmentState`, and only with one does `Sessions` open a session.
package struct SignInProof: Sendable, Equatable {
  package let method: FactorMethod

  fileprivate init(_ method: FactorMethod) { self.method = method }

  /// Of an invited user whose first factor was confirmed: the other way to both.
  init(enrolled proof: EnrollmentProof) { self.init(proof.method) }

  /// Authentication method references (RFC 8176).
  package var amr: [String] { ["pwd"] + method.amr + ["mfa"] }

  /// Authenticator assurance level (NIST SP 800-63B-4), as the contract names them.
  package var acr: String { "aal2" }
}
