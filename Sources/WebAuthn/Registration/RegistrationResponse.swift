package import JSON

/// A new credential as the browser sends it: `RegistrationResponseJSON`.
package struct RegistrationResponse: Sendable {
  let credentialID: [UInt8]
  let clientData: [UInt8]
  let attestation: [UInt8]
  let transports: [Transport]
  /// The browser says that the authenticator finds the credential by itself (`credProps`).
  let isDiscoverable: Bool

  /// How a browser can reach an authenticator (WebAuthn, section 5.8.4).
  package enum Transport: String, Sendable, CaseIterable {
    case usb, nfc, ble, hybrid, `internal`
    case smartCard = "smart-card"
  }

  package init(_ json: JSONValue) throws(WebAuthnError) {
    let reading = try ResponseReading(json)
    self.init(
      credentialID: reading.credentialID, clientData: try reading.bytes("clientDataJSON"),
      attestation: try reading.bytes("attestationObject"), transports: reading.texts("transports"),
      isDiscoverable: json["clientExtensionResults"]?["credProps"]?["rk"]?.boolean == true)
  }

  /// Transports that are not known here are left out: they are hints.
  package init(
    credentialID: [UInt8], clientData: [UInt8], attestation: [UInt8], transports: [String] = [], isDiscoverable: Bool = false
  ) {
    self.credentialID = credentialID
    self.clientData = clientData
    self.attestation = attestation
    self.isDiscoverable = isDiscoverable
    self.transports = Transport.allCases.filter { transports.contains($0.rawValue) }
  }
}
