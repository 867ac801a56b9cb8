private import CSodium
private import Glibc
package import Primitives

/// Argon2id (RFC 9106) by libsodium, kept as a PHC string. Slow on purpose: called only on a lane of the `HashingPool`.
///
/// What is hashed may be a password or, where there is a pepper, its HMAC.
package enum PasswordHash {
  /// A new hash under a random salt of 16 bytes.
  package static func hash(_ password: Secret, _ parameters: Argon2Parameters) throws(CryptographyError) -> String {
    guard parameters.arePossible else { throw .unusableParameters }
    try chooseImplementation()
    var phc = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
    let result = password.withCharacters { start, count in
      crypto_pwhash_str_alg(
        &phc, start, count, UInt64(parameters.iterations), parameters.memoryKiB * 1024, crypto_pwhash_ALG_ARGON2ID13)
    }
    guard result == 0 else { throw .library("crypto_pwhash_str_alg") }
    return text(phc)
  }

  /// Whether `phc` is a hash of `password`. `false` as well for a string that is no Argon2id hash, which then cost nothing.
  /// Throws where there is no memory for the hash, so that this never counts as a wrong password.
  package static func verify(_ password: Secret, _ phc: String) throws(CryptographyError) -> Bool {
    guard parameters(of: phc) != nil, phc.utf8.count < Int(crypto_pwhash_STRBYTES) else { return false }
    try chooseImplementation()
    let (result, reason) = password.withCharacters { start, count in
      errno = 0
      return (crypto_pwhash_str_verify(phc, start, count), errno)
    }
    if result == 0 { return true }
    guard reason != ENOMEM else { throw .library("crypto_pwhash_str_verify") }
    return false
  }

  /// What `phc` costs to verify; `nil` where it is no Argon2id hash that can be computed here.
  package static func parameters(of phc: String) -> Argon2Parameters? { Argon2Parameters(phc: phc) }

  /// Whether `phc` costs other than `parameters`, so that the next right password is a chance to hash it anew.
  package static func needsRehash(_ phc: String, _ parameters: Argon2Parameters) -> Bool { self.parameters(of: phc) != parameters }

  /// A hash of nothing: random salt and digest, so that no password matches it, and as costly to verify as a real one. What an
  /// unknown user's password is compared with.
  package static func decoy(_ parameters: Argon2Parameters) -> String {
    "$argon2id$v=19$m=\(parameters.memoryKiB),t=\(parameters.iterations),p=1$\(randomText(16))$\(randomText(32))"
  }

  /// Spends about the time of `work` (see `Argon2Parameters.work`) and nothing else, in blocks of at most `memoryKiB`: what is
  /// missing where an account's old hash is cheaper than that of others.
  package static func burn(work: Int, memoryKiB: Int) throws(CryptographyError) {
    var left = work
    while left >= Argon2Parameters.possibleMemoryKiB.lowerBound {
      let memory = min(left, memoryKiB, Argon2Parameters.possibleMemoryKiB.upperBound)
      let passes = min(left / max(memory, 1), Argon2Parameters.possibleIterations.upperBound)
      guard memory >= Argon2Parameters.possibleMemoryKiB.lowerBound, passes > 0 else { return }
      try compute(Argon2Parameters(memoryKiB: memory, iterations: passes))
      left -= memory * passes
    }
  }

  private static func compute(_ parameters: Argon2Parameters) throws(CryptographyError) {
    try chooseImplementation()
    let salt = [UInt8](repeating: 0, count: Int(crypto_pwhash_SALTBYTES))
    var digest = [UInt8](repeating: 0, count: 32)
    let result = crypto_pwhash(
      &digest, UInt64(digest.count), "", 0, salt, UInt64(parameters.iterations), parameters.memoryKiB * 1024,
      crypto_pwhash_ALG_ARGON2ID13)
    guard result == 0 else { throw .library("crypto_pwhash") }
  }

  /// Lets libsodium find out what the processor can do: without, Argon2id runs on the portable code at half the speed. Done at
  /// the first call; after that it is a look at a flag, and safe from every thread.
  private static func chooseImplementation() throws(CryptographyError) {
    guard sodium_init() >= 0 else { throw .library("sodium_init") }
  }

  /// `count` random bytes in the base 64 of PHC strings, which has no padding.
  private static func randomText(_ count: Int) -> String {
    var bytes = [UInt8](repeating: 0, count: count)
    randombytes_buf(&bytes, count)
    let variant = Int32(sodium_base64_VARIANT_ORIGINAL_NO_PADDING)
    var encoded = [CChar](repeating: 0, count: sodium_base64_encoded_len(count, variant))
    sodium_bin2base64(&encoded, encoded.count, bytes, count, variant)
    return text(encoded)
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension Secret {
  fileprivate func withCharacters<Result>(_ body: (UnsafePointer<CChar>, UInt64) -> Result) -> Result {
    withBytes { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        guard let start = characters.baseAddress else { return body("", 0) }
        return body(start, UInt64(characters.count))
      }
    }
  }
}
