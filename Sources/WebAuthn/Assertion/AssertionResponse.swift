package import JSON

/// A signature of an authenticator as the browser sends it: `AuthenticationResponseJSON`.
package struct AssertionResponse: Sendable {
  package let credentialID: [UInt8]
  /// Whom the authenticator made the credential for; it has to say so where nobody else did.
  package let userHandle: [UInt8]?
  let clientData: [UInt8]
  let authenticatorData: [UInt8]
  let signature: [UInt8]

  package init(_ json: JSONValue) throws(WebAuthnError) {
    let reading = try ResponseReading(json)
    self.init(
      credentialID: reading.credentialID, userHandle: try reading.bytesIfPresent("userHandle"),
      clientData: try reading.bytes("clientDataJSON"), authenticatorData: try reading.bytes("authenticatorData"),
      signature: try reading.bytes("signature"))
  }

  package init(credentialID: [UInt8], userHandle: [UInt8]?, clientData: [UInt8], authenticatorData: [UInt8], signature: [UInt8]) {
    self.credentialID = credentialID
    self.userHandle = userHandle
    self.clientData = clientData
    self.authenticatorData = authenticatorData
    self.signature = signature
  }
}
