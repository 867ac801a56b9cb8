internal import COpenSSL
internal import Primitives

/// Reading certificates and keys in PEM (RFC 7468).
enum PEM {
  /// At least one certificate; the caller owns them.
  static func certificates(in path: String) throws(TLSError) -> [OpaquePointer] {
    let (found, code) = certificates(try TLSFile.read(path))
    // The end of the file is said as an error too; any other is a certificate that is broken.
    let isAtEnd = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE
    if !found.isEmpty, isAtEnd { return found }
    for certificate in found { X509_free(certificate) }
    guard !isAtEnd else { throw TLSError("\(path) holds no certificate in PEM") }
    throw TLSError("\(path) is broken: \(TLSError.reason(code))")
  }

  /// The private key; the caller owns it.
  static func key(in path: String) throws(TLSError) -> OpaquePointer {
    var bytes = try TLSFile.read(path)
    defer { Secret.wipe(&bytes) }
    ERR_clear_error()
    let key = bytes.withUnsafeBytes { buffer in
      let source = BIO_new_mem_buf(buffer.baseAddress, Int32(buffer.count))
      defer { BIO_free(source) }
      // Without a callback OpenSSL would ask the terminal for a password.
      return PEM_read_bio_PrivateKey(source, nil, { _, _, _, _ in -1 }, nil)
    }
    guard let key else { throw TLSError.library("\(path) holds no private key in PEM without a password") }
    return key
  }

  /// What stands in `bytes`, and why reading ended.
  private static func certificates(_ bytes: [UInt8]) -> (found: [OpaquePointer], code: UInt) {
    bytes.withUnsafeBytes { buffer in
      var found: [OpaquePointer] = []
      let source = BIO_new_mem_buf(buffer.baseAddress, Int32(buffer.count))
      defer {
        BIO_free(source)
        ERR_clear_error()
      }
      ERR_clear_error()
      while let certificate = PEM_read_bio_X509(source, nil, nil, nil) { found.append(certificate) }
      return (found, ERR_peek_last_error())
    }
  }
}
