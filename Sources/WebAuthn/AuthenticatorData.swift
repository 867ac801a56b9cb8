/// What an authenticator says of itself and of the ceremony (WebAuthn, section 6.1).
///
///     SHA-256 of the relying party's id (32) · flags (1) · counter (4) · [attested credential] · [extensions]
package struct AuthenticatorData: Sendable {
  package let bytes: [UInt8]
  package let relyingPartyHash: [UInt8]
  package let flags: Flags
  package let counter: UInt32
  /// There in registrations only.
  package let credential: AttestedCredential?

  package struct Flags: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let userPresent = Flags(rawValue: 1 << 0)
    package static let userVerified = Flags(rawValue: 1 << 2)
    package static let backupEligible = Flags(rawValue: 1 << 3)
    package static let backedUp = Flags(rawValue: 1 << 4)
    package static let attestedCredential = Flags(rawValue: 1 << 6)
    package static let extensions = Flags(rawValue: 1 << 7)
  }

  package struct AttestedCredential: Sendable {
    /// The model of the authenticator; zeros where it does not say.
    package let model: [UInt8]
    package let id: [UInt8]
    package let key: COSEKey
    /// `key` as it came.
    package let keyBytes: [UInt8]
  }

  /// WebAuthn, section 7.1, step 25.
  package static let mostIdentifierBytes = 1_023

  /// Extensions are read and have to be a map, but nothing here asks for any, so that none means anything.
  package init(_ bytes: [UInt8]) throws(WebAuthnError) {
    let flaw = WebAuthnError.malformed("authenticatorData")
    var reader = ByteReader(bytes[...])
    guard let hash = reader.take(32), let flags = reader.number(1), let counter = reader.number(4) else { throw flaw }
    self.bytes = bytes
    relyingPartyHash = hash
    self.flags = Flags(rawValue: UInt8(flags))
    self.counter = UInt32(counter)
    // WebAuthn, section 6.1.3: what cannot be backed up is not.
    guard self.flags.contains(.backupEligible) || !self.flags.contains(.backedUp) else { throw flaw }
    var rest = reader.rest
    credential = try self.flags.contains(.attestedCredential) ? Self.credential(&rest) : nil
    if self.flags.contains(.extensions) {
      guard let (extensions, remainder) = try? CBORReader.readFirst(rest), extensions.texts != nil else { throw flaw }
      rest = remainder
    }
    guard rest.isEmpty else { throw flaw }
  }

  private static func credential(_ rest: inout ArraySlice<UInt8>) throws(WebAuthnError) -> AttestedCredential {
    var reader = ByteReader(rest)
    guard let model = reader.take(16), let id = reader.sized(), (1...mostIdentifierBytes).contains(id.count),
      let (value, remainder) = try? CBORReader.readFirst(reader.rest)
    else { throw .malformed("authenticatorData") }
    rest = remainder
    let keyBytes = Array(reader.rest[..<remainder.startIndex])
    return AttestedCredential(model: model, id: id, key: try COSEKey(value), keyBytes: keyBytes)
  }
}
