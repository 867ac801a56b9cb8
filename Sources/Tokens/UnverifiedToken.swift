package import Cryptography
private import JSON
private import Primitives

/// A token of which only the form is known to be good. Its claims are not even looked at: `TokenVerifier` reads them once the
/// signature is right.
package struct UnverifiedToken: Sendable {
  /// The most bytes that are looked at.
  package static let maxLength = 8192

  package let algorithm: SigningAlgorithm
  /// `kid`, where there is one.
  package let keyID: String?
  /// `typ`, where there is one.
  package let type: String?
  /// The claims, decoded and not yet read.
  package let payload: [UInt8]
  package let signature: [UInt8]
  /// The whole compact form.
  private let text: [UInt8]
  private let signedCount: Int

  /// Strict (RFC 7515, section 5.2, and RFC 8725): three segments, one spelling of each, one object for a header, no header that
  /// brings a key or that must be understood. Throws `tooLong`, `malformed`, `unsupportedAlgorithm`, `forbiddenHeader`.
  package init(parsing text: [UInt8]) throws(TokenError) {
    guard text.count <= Self.maxLength else { throw .tooLong }
    guard let first = text.firstIndex(of: UInt8(ascii: ".")), let last = text.lastIndex(of: UInt8(ascii: ".")), first < last,
      let header = Base64URL.decode(text[..<first]), let payload = Base64URL.decode(text[(first + 1)..<last]),
      let signature = Base64URL.decode(text[(last + 1)...])
    else { throw .malformed }
    let fields = try TokenHeader(parsing: header)
    algorithm = fields.algorithm
    keyID = fields.keyID
    type = fields.type
    self.payload = payload
    self.signature = signature
    self.text = text
    signedCount = last
  }

  /// Whether `key` made the signature over header and claims.
  package func isSigned(by key: VerifyingKey) -> Bool {
    text.withUnsafeBytes { key.isValid(signature[...], over: UnsafeRawBufferPointer(rebasing: $0[..<signedCount])) }
  }
}

/// The protected header.
private struct TokenHeader {
  /// Headers that bring a key, point to one, or change how the rest is read (RFC 7515, section 4.1; RFC 7797). Nobody who holds a
  /// token of ours has a reason to send one.
  private static let forbidden: Set<String> = ["b64", "crit", "jku", "jwk", "x5c", "x5t", "x5t#S256", "x5u", "zip"]

  let algorithm: SigningAlgorithm
  let keyID: String?
  let type: String?

  init(parsing bytes: [UInt8]) throws(TokenError) {
    var named: String?
    var keyID: String?
    var type: String?
    var hasForbidden = false
    do {
      var cursor = JSONCursor(bytes)
      try cursor.enterObject()
      while let name = try cursor.nextName() {
        switch name {
        case "alg": named = try cursor.string()
        case "kid": keyID = try cursor.string()
        case "typ": type = try cursor.string()
        default:
          hasForbidden = hasForbidden || Self.forbidden.contains(name)
          try cursor.skip()
        }
      }
      try cursor.finish()
    } catch {
      throw .malformed
    }
    guard let named else { throw .malformed }
    guard !hasForbidden else { throw .forbiddenHeader }
    guard let algorithm = SigningAlgorithm(rawValue: named) else { throw .unsupportedAlgorithm }
    self.algorithm = algorithm
    self.keyID = keyID
    self.type = type
  }
}
