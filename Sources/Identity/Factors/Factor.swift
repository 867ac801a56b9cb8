package import Primitives

/// How a second factor is proven. The raw value is the `method` of requests and answers.
package enum FactorMethod: String, Sendable, CaseIterable {
  case totp
  case webauthn
  case email
  case sms
  case recoveryCode = "recovery_code"

  /// RFC 8176 has no word for a recovery code: it is a one-time password that was written down.
  package var amr: [String] {
    switch self {
    case .totp, .recoveryCode: ["otp"]
    case .webauthn: ["pop"]
    case .email: ["otp", "email"]
    case .sms: ["otp", "sms"]
    }
  }

  /// What it proves together with a password (NIST SP 800-63B-4, as the contract has it): a mailbox is no authenticator of its own.
  package var acr: String { self == .email ? "aal1" : "aal2" }
}

/// A second factor of one account.
package struct Factor: Sendable, Equatable {
  package typealias ID = Identifier<Factor>

  package let id: ID
  package let method: FactorMethod
  /// What its owner calls it; may be empty.
  package let name: String
  /// Wrong answers in a row, over every door.
  package let failures: Int
  package let createdAt: Instant
  /// `nil` until a first code has shown that it was set up right.
  package let confirmedAt: Instant?
  package let lastUsedAt: Instant?

  /// NIST SP 800-63B-4, section 3.2.2: at most 100 consecutive failures, then it is refused until recovery.
  package static let mostFailures = 100

  package var isLocked: Bool { failures >= Self.mostFailures }

  package var isConfirmed: Bool { confirmedAt != nil }

  func named(_ name: String) -> Factor {
    Factor(
      id: id, method: method, name: name, failures: failures, createdAt: createdAt, confirmedAt: confirmedAt, lastUsedAt: lastUsedAt)
  }

  /// Whether it is one of those of which the last has to stay: what is written on paper is no factor by itself.
  package var countsAsLast: Bool { isConfirmed && method != .recoveryCode }

  package static let longestName = 64

  /// At most 64 characters that can be seen.
  package static func isName(_ text: String) -> Bool {
    VisibleText.isName(text, lengths: 0...longestName)
  }
}

/// What a second factor has to say about a code.
enum FactorVerdict: Sendable, Equatable {
  /// Right, and not yet consumed: `consume` can still lose against a parallel request.
  case right(FactorUse)
  case wrong
  case locked
  /// The account has no such factor.
  case unavailable
}

/// A right answer that waits to be consumed.
struct FactorUse: Sendable, Equatable {
  let factor: Factor.ID
  let mark: Mark

  enum Mark: Sendable, Equatable {
    case totpStep(Int64)
    case recoveryCode(digest: [UInt8])
    case sentCode(digest: [UInt8])
    case passkey(PasskeyUse)
  }

  /// What a sign-in hears of it, for an answer by `method`.
  func event(_ method: FactorMethod) -> SignInState.Event {
    if case .passkey(let use) = mark { .passkeyRight(use.evidence) } else { .factorRight(method) }
  }
}
