private import COpenSSL
private import CSodium
package import Primitives

/// AES-256-GCM (NIST SP 800-38D) by OpenSSL: nonce, ciphertext and tag in one string of bytes.
///
/// The nonce is random, which is sound for 2³² messages under one key; callers derive a key for each purpose.
package enum AESGCM {
  private static let nonceLength = 12
  private static let tagLength = 16
  /// Looked up by name once: OpenSSL 3 takes longer for that than for a short message.
  ///
  /// `nonisolated(unsafe)`: a fetched cipher is never changed.
  private nonisolated(unsafe) static let cipher = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)

  /// `authenticated` must be the same when the box is opened, and is not part of it.
  package static func seal(_ plaintext: Secret, key: Secret, authenticated: [UInt8]) throws(CryptographyError) -> [UInt8] {
    var box = [UInt8](repeating: 0, count: nonceLength + plaintext.count + tagLength)
    let isSealed = box.withUnsafeMutableBufferPointer { box in
      guard let start = box.baseAddress, let context = EVP_CIPHER_CTX_new() else { return false }
      defer { EVP_CIPHER_CTX_free(context) }
      randombytes_buf(start, nonceLength)
      let ciphertext = start + nonceLength
      var written: Int32 = 0
      let isReady = key.withBytes { key in
        key.count == 32
          && EVP_EncryptInit_ex(context, cipher, nil, key.bindMemory(to: UInt8.self).baseAddress, start) == 1
      }
      return isReady
        && EVP_EncryptUpdate(context, nil, &written, authenticated, Int32(authenticated.count)) == 1
        && plaintext.withBytes({
          EVP_EncryptUpdate(context, ciphertext, &written, $0.bindMemory(to: UInt8.self).baseAddress, Int32($0.count)) == 1
        })
        && EVP_EncryptFinal_ex(context, ciphertext + plaintext.count, &written) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagLength), ciphertext + plaintext.count) == 1
    }
    guard isSealed else { throw .failed("AES-GCM seal") }
    return box
  }

  /// `nil` where key, authenticated bytes or box are not those that were sealed.
  package static func open(_ box: some Collection<UInt8>, key: Secret, authenticated: [UInt8]) -> Secret? {
    guard box.count >= nonceLength + tagLength, key.count == 32 else { return nil }
    var box = Array(box)
    let count = box.count - nonceLength - tagLength
    var isAuthentic = false
    let plaintext = Secret(count: count) { plaintext in
      isAuthentic = box.withUnsafeMutableBufferPointer { box in
        guard let start = box.baseAddress, let context = EVP_CIPHER_CTX_new() else { return false }
        defer { EVP_CIPHER_CTX_free(context) }
        let ciphertext = start + nonceLength
        var written: Int32 = 0
        var unused: UInt8 = 0
        return key.withBytes({
          EVP_DecryptInit_ex(context, cipher, nil, $0.bindMemory(to: UInt8.self).baseAddress, start) == 1
        })
          && EVP_DecryptUpdate(context, nil, &written, authenticated, Int32(authenticated.count)) == 1
          && EVP_DecryptUpdate(context, plaintext.bindMemory(to: UInt8.self).baseAddress, &written, ciphertext, Int32(count)) == 1
          && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagLength), ciphertext + count) == 1
          && EVP_DecryptFinal_ex(context, &unused, &written) == 1
      }
    }
    return isAuthentic ? plaintext : nil
  }
}
