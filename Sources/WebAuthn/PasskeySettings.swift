package import Cryptography
package import Primitives

/// The section `webauthn` of the configuration.
package struct PasskeySettings: Sendable {
  package let party: RelyingParty
  package let attestation: AttestationConveyance
  /// `nil` where no attestation is believed.
  package let anchors: TrustAnchors?
  /// Beside a password. Without one user verification is required always.
  package let userVerification: UserVerification
  /// How long a browser waits for its user.
  package let timeout: Duration

  /// Whether browsers are asked for attestation (WebAuthn, section 5.4.7).
  package enum AttestationConveyance: String, Sendable, CaseIterable {
    case none, direct
  }

  /// `publicURL` gives the defaults: its host, and its origin. `name` is what authenticators show.
  package init(from reader: SettingsReader, publicURL: String, name: String) throws(SettingsError) {
    let named = try reader.string("rpId", default: "")
    let listed = try reader.strings("origins", default: [])
    let topOrigins = try reader.strings("topOrigins", default: [])
    attestation = try reader.choice("attestation", default: .none)
    anchors = try Self.anchors(reader)
    userVerification = try reader.choice("userVerification", default: .preferred)
    timeout = try reader.duration("timeout", default: .minutes(2), in: .seconds(10)...(.minutes(10)))
    // An address may have a path; an origin has none.
    let parts = publicURL.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
    let origins = listed.isEmpty ? [parts.prefix(3).joined(separator: "/")] : listed
    let id = named.isEmpty ? Self.host(of: origins[0]) ?? "" : named
    for origin in origins {
      guard let host = Self.host(of: origin) else {
        throw reader.wrong("origins", "expected origins such as https://example.com, without a slash at the end; found '\(origin)'")
      }
      // What an app on Android is called has no host; its own system holds it to the domain.
      guard host == id || host.hasSuffix(".\(id)") || origin.hasPrefix(Self.android) else {
        throw reader.wrong("rpId", "expected a domain to which every origin belongs; '\(origin)' does not belong to '\(id)'")
      }
    }
    guard topOrigins.allSatisfy({ Self.host(of: $0) != nil }) else { throw reader.wrong("topOrigins", "expected origins") }
    party = RelyingParty(id: id, name: name, origins: origins, topOrigins: topOrigins)
  }

  private static let android = "android:apk-key-hash:"

  private static func anchors(_ reader: SettingsReader) throws(SettingsError) -> TrustAnchors? {
    guard let pem = try reader.fileIfPresent("attestationRoots") else { return nil }
    do {
      return try TrustAnchors(pem: pem)
    } catch {
      throw reader.wrong("attestationRoots", "expected a file of certificates in PEM")
    }
  }

  /// The host of an origin as browsers write it: lower case, no path. `nil` for anything else.
  private static func host(of origin: String) -> String? {
    if origin.hasPrefix(android) { return "" }
    for scheme in ["https://", "http://"] where origin.hasPrefix(scheme) {
      let rest = origin.dropFirst(scheme.count)
      let host = rest.hasPrefix("[") ? rest.prefix { $0 != "]" } + "]" : rest.prefix { $0 != ":" }
      let port = rest.dropFirst(host.count)
      let isHost = !host.isEmpty && host.utf8.allSatisfy { $0 > 32 && $0 < 127 && !(65...90).contains($0) && !"/?#@\\".utf8.contains($0) }
      return isHost && (port.isEmpty || port.first == ":" && port.dropFirst().allSatisfy(\.isNumber)) ? String(host) : nil
    }
    return nil
  }
}
