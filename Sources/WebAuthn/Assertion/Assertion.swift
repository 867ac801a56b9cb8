package import Cryptography

/// A signature that has been verified (WebAuthn, section 7.2). Who the credential belongs to, and whether its counter has grown, is for
/// the caller to say: that is in the database.
package struct Assertion: Sendable {
  package let counter: UInt32
  package let flags: AuthenticatorData.Flags

  /// What an assertion has to be.
  package struct Expectation: Sendable {
    package let challenge: [UInt8]
    package let party: RelyingParty
    package let isUserVerificationRequired: Bool

    package init(challenge: [UInt8], party: RelyingParty, isUserVerificationRequired: Bool) {
      self.challenge = challenge
      self.party = party
      self.isUserVerificationRequired = isUserVerificationRequired
    }
  }

  package init(verifying response: AssertionResponse, by key: CredentialKey, _ expected: Expectation) throws(WebAuthnError) {
    let client = try ClientData(response.clientData, for: .get, challenge: expected.challenge, party: expected.party)
    let data = try AuthenticatorData(response.authenticatorData)
    // WebAuthn, section 6.1.2.
    guard data.credential == nil else { throw .malformed("authenticatorData") }
    try expected.party.check(data, userVerification: expected.isUserVerificationRequired)
    guard key.isValid(response.signature, over: data.bytes + client.digest) else { throw .badSignature }
    counter = data.counter
    flags = data.flags
  }
}
