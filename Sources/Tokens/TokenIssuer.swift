package import Cryptography
private import JSON
private import Primitives

/// Makes signed tokens: JWS in compact form (RFC 7515, section 7.1).
package struct TokenIssuer: Sendable {
  /// The most bytes in a token, so that it fits into a header field beside others.
  package static let maxLength = 4096

  private let keys: LiveKeySet

  package init(keys: LiveKeySet) { self.keys = keys }

  /// Throws `noActiveKey`, `tooManyClaims`, `signingFailed`. Permissions that do not fit are left out, and the token says so.
  package func sign(
    _ claims: Claims, type: TokenType = .accessToken, algorithm: SigningAlgorithm = .es256, mostBytes: Int = maxLength
  ) throws(TokenError) -> String {
    guard let key = keys.current.active(algorithm) else { throw .noActiveKey }
    var token = Base64URL.encodeBytes(header(of: key, type.rawValue))
    token.append(UInt8(ascii: "."))
    let signatureLength = (signatureCount(of: key) * 4 + 2) / 3
    let limit = (mostBytes - token.count - 1 - signatureLength) * 3 / 4
    guard let payload = claims.encoded(limit: limit) else { throw .tooManyClaims }
    return try sign(payload, under: token, by: key)
  }

  /// Signs what is no token: a statement with a `typ` that no door takes, of any length.
  package func sign(statement payload: [UInt8], type: String, algorithm: SigningAlgorithm) throws(TokenError) -> String {
    guard let key = keys.current.active(algorithm) else { throw .noActiveKey }
    return try sign(payload, under: Base64URL.encodeBytes(header(of: key, type)) + [UInt8(ascii: ".")], by: key)
  }

  private func sign(_ payload: [UInt8], under header: [UInt8], by key: SigningKey) throws(TokenError) -> String {
    var token = header
    token.append(contentsOf: Base64URL.encodeBytes(payload))
    guard let signature = try? key.sign(token) else { throw .signingFailed }
    token.append(UInt8(ascii: "."))
    token.append(contentsOf: Base64URL.encodeBytes(signature))
    return String(decoding: token, as: UTF8.self)
  }

  private func header(of key: SigningKey, _ type: String) -> [UInt8] {
    var json = JSONWriter(capacity: 128)
    json.object {
      $0.member("alg", key.algorithm.rawValue)
      $0.member("kid", key.thumbprint)
      $0.member("typ", type)
    }
    return json.bytes
  }

  private func signatureCount(of key: SigningKey) -> Int {
    guard case .rsa(let modulus, _) = key.verifyingKey.jwk else { return 64 }
    return modulus.count
  }
}
