package import JSON
private import Primitives

/// What a browser needs to ask for a signature: `PublicKeyCredentialRequestOptionsJSON` (WebAuthn, section 5.5).
package struct RequestOptions: Sendable {
  private let challenge: [UInt8]
  private let party: RelyingParty
  /// None: whichever credential the user picks.
  private let allowed: [CredentialDescriptor]
  private let userVerification: UserVerification
  private let timeout: Duration

  package init(
    challenge: [UInt8], party: RelyingParty, allowed: [CredentialDescriptor], userVerification: UserVerification, timeout: Duration
  ) {
    self.challenge = challenge
    self.party = party
    self.allowed = allowed
    self.userVerification = userVerification
    self.timeout = timeout
  }

  package func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("challenge", Base64URL.encode(challenge))
      json.member("timeout", timeout.inMicroseconds / 1_000)
      json.member("rpId", party.id)
      json.member("allowCredentials") { json in json.array(allowed) { json, credential in credential.write(to: &json) } }
      json.member("userVerification", userVerification.rawValue)
    }
  }
}
