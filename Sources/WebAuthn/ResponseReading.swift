internal import JSON
private import Primitives

/// What `RegistrationResponseJSON` and `AuthenticationResponseJSON` have in common (WebAuthn, section 5.1): an object of type
/// `public-key` whose `id` and `rawId` agree, with a `response`. Members that nobody here knows are allowed.
struct ResponseReading {
  let credentialID: [UInt8]
  private let response: JSONValue

  init(_ json: JSONValue) throws(WebAuthnError) {
    guard json["type"]?.string == "public-key", let response = json["response"], response.kind == .object,
      let id = json["id"]?.string, let bytes = Base64URL.decode(id), (1...AuthenticatorData.mostIdentifierBytes).contains(bytes.count),
      json["rawId"].map({ $0.string == id }) ?? true
    else { throw .malformed("credential") }
    credentialID = bytes
    self.response = response
  }

  /// A member in base64url.
  func bytes(_ name: String) throws(WebAuthnError) -> [UInt8] {
    guard let bytes = response[name]?.string.flatMap({ Base64URL.decode($0) }) else { throw .malformed(name) }
    return bytes
  }

  /// `nil` where the member is absent or null.
  func bytesIfPresent(_ name: String) throws(WebAuthnError) -> [UInt8]? {
    guard let value = response[name], value.kind != .null else { return nil }
    return try bytes(name)
  }

  /// The texts of an array; none where there is none.
  func texts(_ name: String) -> [String] { (response[name]?.elements ?? []).compactMap(\.string) }
}
