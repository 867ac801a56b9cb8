private import COpenSSL
private import CSodium
package import Primitives
private import Synchronization

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
    guard let context = opener(key) else { return nil }
    defer { EVP_CIPHER_CTX_free(context) }
    return open(ArraySlice(box), context, authenticated)
  }

  /// A context that opens boxes of this key, each with a nonce of its own; `nil` for a key of another length.
  fileprivate static func opener(_ key: Secret) -> OpaquePointer? {
    guard key.count == 32, let context = EVP_CIPHER_CTX_new() else { return nil }
    let isReady = key.withBytes { EVP_DecryptInit_ex(context, cipher, nil, $0.bindMemory(to: UInt8.self).baseAddress, nil) == 1 }
    guard isReady else {
      EVP_CIPHER_CTX_free(context)
      return nil
    }
    return context
  }

  fileprivate static func open(_ box: ArraySlice<UInt8>, _ context: OpaquePointer, _ authenticated: [UInt8]) -> Secret? {
    guard box.count >= nonceLength + tagLength else { return nil }
    let count = box.count - nonceLength - tagLength
    var isAuthentic = false
    let plaintext = Secret(count: count) { plaintext in
      isAuthentic = box.withUnsafeBufferPointer { box in
        guard let start = box.baseAddress else { return false }
        let ciphertext = start + nonceLength
        var written: Int32 = 0
        var unused: UInt8 = 0
        return EVP_DecryptInit_ex(context, nil, nil, nil, start) == 1
          && EVP_DecryptUpdate(context, nil, &written, authenticated, Int32(authenticated.count)) == 1
          && EVP_DecryptUpdate(context, plaintext.bindMemory(to: UInt8.self).baseAddress, &written, ciphertext, Int32(count)) == 1
          // The tag is read, whatever the type of the pointer says.
          && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagLength), UnsafeMutablePointer(mutating: ciphertext + count)) == 1
          && EVP_DecryptFinal_ex(context, &unused, &written) == 1
      }
    }
    return isAuthentic ? plaintext : nil
  }

  /// A key that opens many boxes: it is set up once, which costs more than opening a short one.
  package final class Key: Sendable {
    /// `@unchecked`: in one call's hands at a time.
    private struct Opener: @unchecked Sendable { let context: OpaquePointer }

    private static let mostIdle = 4

    private let key: Secret
    private let idle = Mutex<[Opener]>([])

    package init(_ key: Secret) { self.key = key }

    deinit { for opener in idle.withLock({ $0 }) { EVP_CIPHER_CTX_free(opener.context) } }

    package func seal(_ plaintext: Secret, authenticated: [UInt8]) throws(CryptographyError) -> [UInt8] {
      try AESGCM.seal(plaintext, key: key, authenticated: authenticated)
    }

    /// `nil` where authenticated bytes or box are not those that were sealed under this key.
    package func open(_ box: ArraySlice<UInt8>, authenticated: [UInt8]) -> Secret? {
      guard let opener = idle.withLock({ $0.popLast() }) ?? AESGCM.opener(key).map(Opener.init) else { return nil }
      let plaintext = AESGCM.open(box, opener.context, authenticated)
      if plaintext == nil || !keep(opener) { EVP_CIPHER_CTX_free(opener.context) }
      return plaintext
    }

    private func keep(_ opener: Opener) -> Bool {
      idle.withLock { idle in
        guard idle.count < Self.mostIdle else { return false }
        idle.append(opener)
        return true
      }
    }
  }
}
