internal import JSON
private import Primitives

/// A credential that exists (WebAuthn, section 5.8.3), for the browser to look for or to leave alone.
package struct CredentialDescriptor: Sendable, Equatable {
  package let id: [UInt8]
  package let transports: [RegistrationResponse.Transport]

  package init(id: [UInt8], transports: [RegistrationResponse.Transport]) {
    self.id = id
    self.transports = transports
  }

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("type", "public-key")
      json.member("id", Base64URL.encode(id))
      if !transports.isEmpty { json.member("transports", transports.map(\.rawValue)) }
    }
  }
}

/// Whether an authenticator has to know its user, by a PIN or a finger (WebAuthn, section 5.8.6).
package enum UserVerification: String, Sendable, CaseIterable {
  case required, preferred, discouraged
}
