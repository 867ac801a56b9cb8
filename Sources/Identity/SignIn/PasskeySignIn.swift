package import Cryptography
internal import Journal
internal import Persistence
internal import Primitives
internal import Tokens
package import WebAuthn

/// A sign-in by a passkey alone, which says by itself whose it is.
package struct PasskeySignInRequest: Sendable {
  let challenge: OpaqueCredential
  let answer: PasskeyAnswer
  let context: SignInContext
  let session: RequestedSession

  package init(challenge: OpaqueCredential, response: AssertionResponse, context: SignInContext, session: RequestedSession) {
    self.challenge = challenge
    answer = PasskeyAnswer(response, to: challenge)
    self.context = context
    self.session = session
  }
}

extension SignIn {
  package struct PasskeyRequest: Sendable {
    package let challenge: String
    package let options: RequestOptions
    package let lifetime: Duration
  }

  /// `POST /auth/passkey/options`. Stores nothing.
  package func beginPasskey(for application: Application?) throws(CryptographyError) -> PasskeyRequest {
    guard let challenge = passkeys.challenges.make(for: application?.id, at: now()) else { throw .library("HMAC") }
    return PasskeyRequest(
      challenge: challenge.text,
      options: RequestOptions(
        challenge: PasskeyAnswer.bytes(for: challenge), party: passkeys.settings.party, allowed: [], userVerification: .required,
        timeout: min(passkeys.settings.timeout, PasskeyChallenges.lifetime)), lifetime: PasskeyChallenges.lifetime)
  }

  /// `POST /auth/passkey`. The signature is checked beside the writer; what follows from it is one transaction. Unknown credential,
  /// disabled user and wrong signature are one outcome at one price. Throws `DatabaseError`.
  package func answerPasskey(_ call: PasskeySignInRequest) async throws -> SignInOutcome {
    let at = now()
    guard passkeys.challenges.isLive(call.challenge, for: call.context.application?.id, at: at) else { return .invalidChallenge }
    let credentialID = call.answer.response.credentialID
    let (found, isOpen) = try await database.read { db in
      let found = try PasskeyStore(db).passkey(credentialID)
      // An account is looked for in every case: a disabled user's answer takes as long as any other refusal.
      let account = try AccountStore(db).account(found?.account ?? Account.ID(at: at))
      return (found, found?.isLocked == false && account?.isEnabled == true)
    }
    let assertion = PasskeyFactor.verify(call.answer, by: found, passkeys.settings, userVerification: true)
    // The handle is how the authenticator itself says whose the credential is.
    guard let assertion, let found, isOpen, call.answer.response.userHandle == found.account.bytes else { return .refused }
    let graph = try await roles.current()
    do {
      let conclusion = try await database.transaction { db in
        try conclude(call, assertion, credentialID, graph, db, at: at)
      }
      switch conclusion {
      case .opened(let signedIn): return .signedIn(signedIn)
      case .ended(let outcome): return outcome
      }
    } catch TokenError.tooManyClaims {
      return .rolesDoNotFit
    }
  }

  private func conclude(
    _ call: PasskeySignInRequest, _ assertion: Assertion, _ credentialID: [UInt8], _ graph: RoleGraph, _ db: any Transaction,
    at instant: Instant
  ) throws -> Conclusion {
    // Looked up again: removed, locked, disabled or used by a parallel request meanwhile.
    guard let passkey = try PasskeyStore(db).passkey(credentialID), !passkey.isLocked,
      let account = try AccountStore(db).account(passkey.account), account.isEnabled
    else { return .ended(.refused) }
    guard passkey.isGrowing(to: assertion.counter) else {
      try PasskeyFactor(db, settings: passkeys.settings)
        .recordRollback(of: passkey, to: assertion.counter, by: call.context.provenance, at: instant)
      return .ended(.refused)
    }
    let use = PasskeyUse(assertion, by: passkey)
    var state = SignInState.awaitingPasskey
    state.handle(.passkeyRight(use.evidence))
    let device = try call.session.deviceToken.flatMap { try DeviceStore(db).device($0, of: account.id, at: instant) }
    var opening = Opening(call.session, of: account, on: device)
    if let refusal = try activate(&opening, call.context, graph, db, at: instant) { return .ended(refusal) }
    guard try PasskeyUseStore(db).use(call.challenge, at: instant) else { return .ended(.invalidChallenge) }
    let consumed = FactorUse(factor: passkey.factor, mark: .passkey(use))
    return try complete(state, consumed, opening, call.context, db, at: instant) ?? .ended(.refused)
  }
}
