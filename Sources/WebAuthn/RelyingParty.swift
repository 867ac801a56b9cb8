private import Cryptography

/// Whom credentials are made for: a domain, and the pages that may ask for them.
package struct RelyingParty: Sendable {
  /// A domain: `example.com`. Credentials belong to it for ever.
  package let id: String
  /// What authenticators call it in their dialogs.
  package let name: String
  /// Such as `https://login.example.com`, compared exactly.
  package let origins: [String]
  /// Pages of other origins that may frame one of `origins`; usually none.
  package let topOrigins: [String]
  /// SHA-256 of `id`.
  let digest: [UInt8]

  package init(id: String, name: String, origins: [String], topOrigins: [String] = []) {
    self.id = id
    self.name = name
    self.origins = origins
    self.topOrigins = topOrigins
    digest = Digest.sha256(Array(id.utf8))
  }

  /// What both ceremonies ask of authenticator data (WebAuthn, sections 7.1 and 7.2).
  func check(_ data: AuthenticatorData, userVerification isRequired: Bool) throws(WebAuthnError) {
    guard data.relyingPartyHash == digest else { throw .wrongRelyingParty }
    guard data.flags.contains(.userPresent) else { throw .userNotPresent }
    guard !isRequired || data.flags.contains(.userVerified) else { throw .userNotVerified }
  }
}
