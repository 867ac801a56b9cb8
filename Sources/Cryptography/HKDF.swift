package import Primitives

/// Keys from a key (RFC 5869), with SHA-256 and without salt: the input is uniformly random already.
package enum HKDF {
  /// 32 bytes that tell nothing of `key` nor of what another `info` gives.
  package static func derive(_ key: Secret, info: String) -> Secret {
    // Extract with a salt of zeros, then the first and only block of expand.
    let extracted = HMAC.sha256(key, key: Secret(copying: [UInt8](repeating: 0, count: 32)))
    return HMAC.sha256(Secret(copying: Array(info.utf8) + [1]), key: extracted)
  }
}
