package import Cryptography
package import JSON
private import Primitives

/// What a browser needs to make a credential: `PublicKeyCredentialCreationOptionsJSON` (WebAuthn, section 5.4).
package struct CreationOptions: Sendable {
  private let challenge: [UInt8]
  private let party: RelyingParty
  private let user: User
  private let excluded: [CredentialDescriptor]
  private let settings: PasskeySettings

  /// For whom the credential is made.
  package struct User: Sendable {
    /// What the authenticator gives back; at most 64 bytes, and nothing that says who it is.
    package let handle: [UInt8]
    package let name: String

    package init(handle: [UInt8], name: String) {
      self.handle = handle
      self.name = name
    }
  }

  /// The algorithms that new credentials may have, the preferred one first.
  package static let algorithms: [CredentialAlgorithm] = [.es256, .edDSA, .rs256]

  package init(challenge: [UInt8], user: User, excluded: [CredentialDescriptor], settings: PasskeySettings) {
    self.challenge = challenge
    party = settings.party
    self.user = user
    self.excluded = excluded
    self.settings = settings
  }

  package func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("rp") { json in
        json.object { json in
          json.member("id", party.id)
          json.member("name", party.name)
        }
      }
      json.member("user") { json in
        json.object { json in
          json.member("id", Base64URL.encode(user.handle))
          json.member("name", user.name)
          json.member("displayName", user.name)
        }
      }
      json.member("challenge", Base64URL.encode(challenge))
      json.member("pubKeyCredParams") { json in
        json.array(Self.algorithms) { json, algorithm in
          json.object { json in
            json.member("type", "public-key")
            json.member("alg", algorithm.rawValue)
          }
        }
      }
      json.member("timeout", settings.timeout.inMicroseconds / 1_000)
      json.member("excludeCredentials") { json in json.array(excluded) { json, credential in credential.write(to: &json) } }
      json.member("authenticatorSelection") { json in
        json.object { json in
          json.member("residentKey", "preferred")
          json.member("userVerification", settings.userVerification.rawValue)
        }
      }
      json.member("attestation", settings.attestation.rawValue)
      json.member("extensions") { json in json.object { $0.member("credProps", true) } }
    }
  }
}
