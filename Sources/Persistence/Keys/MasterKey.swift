internal import Cryptography
package import Primitives

/// The key under which every other key is sealed: 32 random bytes, held outside the database.
package struct MasterKey: Sendable {
  let secret: Secret

  package static let byteCount = 32

  package init() { secret = .random(count: Self.byteCount) }

  /// Reads base64url or hexadecimal text of 32 bytes, a line end after it allowed; `nil` for anything else.
  package init?(text: Secret) {
    let bytes = text.withBytes { bytes -> [UInt8]? in
      var trimmed = bytes[...]
      while let last = trimmed.last, last == 10 || last == 13 || last == 32 { trimmed.removeLast() }
      return trimmed.count == 64 ? Hex.decode(trimmed) : Base64URL.decode(trimmed)
    }
    guard var bytes, bytes.count == Self.byteCount else { return nil }
    secret = Secret(copying: bytes)
    Secret.wipe(&bytes)
  }

  /// The form of `master.key`: base64url and a line end.
  package var text: [UInt8] { secret.withBytes { Base64URL.encodeBytes($0) } + [10] }

  /// What seals the keyring.
  var wrapping: Secret { HKDF.derive(secret, info: "credentialflow keyring 1") }
}
