/// A sign-in, from the password to the session, over one call or two.
///
///     awaitingPassword ──wrong──▶ refused        challenged            (second call starts here)
///        │ │ │ └──locked──▶ locked                  │ challengeAnswered
///        │ │ └─right, no factor─▶ enrollmentRequired├──deviceTrusted──▶ trusted(proof)
///        │ └───right, no answer──▶ challenged       │
///        └─────right, answer──────▶ awaitingFactor ◀┘
///                                     │ │ └──locked──▶ locked
///                                     │ └────wrong───▶ refused
///                                     └──────right───▶ complete(proof)
///
///     awaitingPasskey ──right, and it verified its user──▶ complete(proof)
///        └──anything else──▶ refused
///
/// `deviceTrusted` happens only where the operator has set `devices.trust`; what it opens says of itself that no second factor was
/// shown. There is no arrow from a password to `complete`, nor to `awaitingPasskey`: that multi-factor is mandatory is a property of this
/// type. A passkey that verifies its user is two factors by itself. An event that has no arrow in a state refuses, and what has ended
/// stays ended.
package enum SignInState: Sendable, Equatable {
  case awaitingPassword
  case awaitingFactor
  /// A sign-in without a password: begins here, and nothing leads here.
  case awaitingPasskey
  /// The password was right and a second call is to bring the factor.
  case challenged
  case complete(SignInProof)
  /// No second factor was shown: the device had shown one some days ago, and the configuration takes that.
  case trusted(TrustedDeviceProof)
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
    /// Instead of a second call: the device is known, trusted still, and `devices.trust` is set.
    case deviceTrusted
    case factorRight(FactorMethod)
    case passkeyRight(PasskeyEvidence)
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
    case (.challenged, .deviceTrusted): .trusted(TrustedDeviceProof())
    // A passkey is right with its evidence only.
    case (.awaitingFactor, .factorRight(.webauthn)): .refused
    case (.awaitingFactor, .factorRight(let method)): .complete(SignInProof(method))
    case (.awaitingFactor, .passkeyRight(let evidence)): .complete(SignInProof(.webauthn, evidence))
    case (.awaitingPasskey, .passkeyRight(let evidence)) where evidence.isUserVerified:
      .complete(SignInProof(.webauthn, evidence, isPasswordless: true))
    case (.awaitingFactor, .factorLocked): .locked
    case (.complete, _), (.trusted, _), (.locked, _), (.enrollmentRequired, _): ended
    default: .refused
    }
  }

  /// An ended sign-in that receives another event: what was proven is withdrawn, the rest stays as it is.
  private var ended: SignInState {
    switch self {
    case .complete, .trusted: .refused
    default: self
    }
  }
}

/// The proof of a right password from a device that is trusted for a time. Only the arrow into `trusted` makes one.
package struct TrustedDeviceProof: Sendable, Equatable {
  fileprivate init() {}

  package var amr: [String] { ["pwd"] }
  package var acr: String { "aal1" }
}

/// What a session is opened by: both factors, or what the operator takes for them, which says so.
package enum SessionProof: Sendable, Equatable {
  case factors(SignInProof)
  case trustedDevice(TrustedDeviceProof)

  package var amr: [String] {
    switch self {
    case .factors(let proof): proof.amr
    case .trustedDevice(let proof): proof.amr
    }
  }

  package var acr: String {
    switch self {
    case .factors(let proof): proof.acr
    case .trustedDevice(let proof): proof.acr
    }
  }

  /// For the record.
  var method: String {
    switch self {
    case .factors(let proof): proof.method.rawValue
    case .trustedDevice: "trusted_device"
    }
  }
}

/// The proof that a password and a second factor were right, or a passkey that is both. Only the arrow into `complete` makes one, here or in
/// `EnrollmentState`, and only with one does `Sessions` open a session.
package struct SignInProof: Sendable, Equatable {
  package let method: FactorMethod

  private let evidence: PasskeyEvidence?
  private let isPasswordless: Bool

  fileprivate init(_ method: FactorMethod, _ evidence: PasskeyEvidence? = nil, isPasswordless: Bool = false) {
    self.method = method
    self.evidence = evidence
    self.isPasswordless = isPasswordless
  }

  /// Of an invited user whose first factor was confirmed: the other way to both.
  init(enrolled proof: EnrollmentProof) { self.init(proof.method) }

  /// Authentication method references (RFC 8176).
  package var amr: [String] { (isPasswordless ? [] : ["pwd"]) + (evidence?.amr ?? method.amr) + ["mfa"] }

  /// Authenticator assurance level (NIST SP 800-63B-4), as the contract names them.
  package var acr: String { evidence?.isHardware == true ? "aal3" : method.acr }
}
