package import Cryptography
package import Journal
internal import Persistence
internal import Primitives
package import WebAuthn

/// A passkey or security key, further or first.
extension Enrollments {
  package struct OfferedPasskey: Sendable {
    package let challenge: String
    package let options: CreationOptions
  }

  package func beginPasskey(
    by authority: EnrollmentAuthority, _ provenance: Provenance
  ) async throws -> BeginOutcome<OfferedPasskey> {
    try await begin(.webauthn, name: "", by: authority, provenance) { db, factor, _ in
      let account = authority.account
      guard let challenge = challenge(of: factor.id, authority) else { throw CryptographyError.library("HMAC") }
      let user = CreationOptions.User(handle: account.id.bytes, name: account.username.text)
      return OfferedPasskey(
        challenge: challenge.text,
        options: CreationOptions(
          challenge: PasskeyAnswer.bytes(for: challenge), user: user, excluded: try PasskeyStore(db).descriptors(of: account.id),
          settings: passkeys))
    }
  }

  package enum PasskeyOutcome: Sendable {
    /// With the reason where the credential was refused.
    case concluded(ConfirmOutcome, WebAuthnError?)
    /// The credential is enrolled already.
    case alreadyThere
  }

  /// The credential is verified beside the writer.
  package func confirmPasskey(
    _ sent: OpaqueCredential, name: String, _ response: RegistrationResponse, by authority: EnrollmentAuthority, _ context: SignInContext
  ) async throws -> PasskeyOutcome {
    guard let id: Factor.ID = sent.identifier(), let own = challenge(of: id, authority), ConstantTime.areEqual(own.digest, sent.digest)
    else { return .concluded(.unknown, nil) }
    let expected = RegisteredCredential.Expectation(
      challenge: PasskeyAnswer.bytes(for: own), party: passkeys.party, algorithms: CreationOptions.algorithms,
      isUserVerificationRequired: passkeys.userVerification == .required, anchors: passkeys.anchors, instant: now())
    var registration: RegisteredCredential?
    var reason: WebAuthnError?
    do { registration = try RegisteredCredential(verifying: response, expected) } catch { reason = error }
    do {
      let outcome = try await confirm(id, .webauthn, by: authority, context) { [registration] db, factor, _ in
        guard let registration else { return false }
        guard try PasskeyStore(db).insert(registration, of: factor.id) else { throw CredentialExists() }
        try FactorStore(db).rename(factor.id, name)
        return true
      }
      guard case .added(let factor) = outcome else { return .concluded(outcome, reason) }
      return .concluded(.added(factor.named(name)), nil)
    } catch is CredentialExists {
      return .alreadyThere
    }
  }

  private struct CredentialExists: Error {}

  /// Made anew from the factor and who began it: nothing is stored. `nil` never, for an HMAC has the right length.
  private func challenge(of factor: Factor.ID, _ authority: EnrollmentAuthority) -> OpaqueCredential? {
    let message = Secret(copying: factor.bytes + authority.enroller)
    return OpaqueCredential(.challenge, for: factor, secret: HMAC.sha256(message, key: vault.subkey("passkey.enrollment")))
  }
}
