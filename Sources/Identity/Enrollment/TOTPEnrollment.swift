internal import Cryptography
package import Journal
package import Primitives

/// A further authenticator app, or a first one.
extension Enrollments {
  /// What an authenticator app needs; shown once.
  package struct OfferedTOTP: Sendable {
    package let secret: String
    package let uri: String
  }

  package func beginTOTP(
    name: String, by authority: EnrollmentAuthority, _ provenance: Provenance
  ) async throws -> BeginOutcome<OfferedTOTP> {
    let totp = TOTP(secret: .random(count: TOTPFactor.secretLength))
    return try await begin(.totp, name: name, by: authority, provenance) { db, factor, _ in
      try TOTPFactor(db, vault: vault).insert(totp, of: factor.id)
      return OfferedTOTP(
        secret: totp.secret.withBytes { Base32.upper.encode($0) },
        uri: totp.uri(issuer: serviceName, account: authority.account.username.text))
    }
  }

  /// The code that confirms is used up by it: no sign-in takes it again.
  package func confirmTOTP(
    _ id: Factor.ID, code: Secret, by authority: EnrollmentAuthority, _ context: SignInContext
  ) async throws -> ConfirmOutcome {
    try await confirm(id, .totp, by: authority, context) { db, factor, at in
      let totp = TOTPFactor(db, vault: vault)
      let candidates = try FactorStore(db).candidates(.totp, of: authority.account.id, confirmed: false)
      guard let candidate = candidates.first(where: { $0.id == factor.id }),
        case .totpStep(let step) = try totp.use(code, of: candidate, at: at)?.mark
      else { return false }
      return try totp.consume(step: step, of: factor.id, at: at)
    }
  }
}
