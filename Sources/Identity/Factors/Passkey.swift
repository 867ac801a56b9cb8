package import Cryptography
internal import Primitives
package import WebAuthn

/// What is known of an account's passkey or security key.
struct Passkey: Sendable {
  let factor: Factor.ID
  let account: Account.ID
  /// COSE.
  let publicKey: [UInt8]
  let counter: UInt32
  let isBackupEligible: Bool
  /// A trusted attestation says that hardware holds the key.
  let isHardware: Bool
  let failures: Int

  var isLocked: Bool { failures >= Factor.mostFailures }

  /// WebAuthn, section 7.2, step 22: a counter that does not grow means that two authenticators have the key. One that has no counter
  /// says zero for ever.
  func isGrowing(to counter: UInt32) -> Bool { counter > self.counter || counter == 0 && self.counter == 0 }

  /// What a passkey would be checked by if there were one: a credential that nobody has costs as much as a wrong signature.
  static let nobody: CredentialKey.Numbers? = {
    guard case .ellipticCurve(let x, let y) = try? SigningKey.generate(.es256).verifyingKey.jwk else { return nil }
    return .ellipticCurve(.p256, x: x, y: y)
  }()
}

/// How a passkey was proven.
package struct PasskeyEvidence: Sendable, Equatable {
  /// The authenticator knows its user, by a PIN or a finger.
  package let isUserVerified: Bool
  /// A trusted attestation says that hardware holds the key.
  package let isHardware: Bool

  package init(isUserVerified: Bool, isHardware: Bool) {
    self.isUserVerified = isUserVerified
    self.isHardware = isHardware
  }

  /// RFC 8176: proof of possession, of a hardware key where that is known, and of the user's presence by a second means.
  package var amr: [String] { ["pop"] + (isHardware ? ["hwk"] : []) + (isUserVerified ? ["user"] : []) }
}

/// A signature for a challenge, as it came.
package struct PasskeyAnswer: Sendable {
  package let response: AssertionResponse
  let challenge: [UInt8]

  /// `challenge` is the credential that this is an answer to.
  package init(_ response: AssertionResponse, to challenge: OpaqueCredential) {
    self.response = response
    self.challenge = Self.bytes(for: challenge)
  }

  /// What an authenticator signs for a challenge. Whoever sees it cannot tell the challenge's secret.
  static func bytes(for challenge: OpaqueCredential) -> [UInt8] {
    HMAC.sha256(Array("webauthn.challenge".utf8), key: challenge.secret)
  }
}
