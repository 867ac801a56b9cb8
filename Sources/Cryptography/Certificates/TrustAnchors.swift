private import COpenSSL
package import Primitives

/// The certificates that an operator trusts, and whether another one was issued under them (RFC 5280, section 6).
///
/// `@unchecked`: the store is not changed after `init`, and OpenSSL locks it where a verification looks something up.
package final class TrustAnchors: @unchecked Sendable {
  private let store: OpaquePointer
  package let count: Int

  /// At most this many in one file.
  private static let most = 1_000

  package init(_ certificates: [Certificate]) throws(CryptographyError) {
    guard let store = X509_STORE_new() else { throw .failed("X509_STORE_new") }
    self.store = store
    count = certificates.count
    for certificate in certificates where X509_STORE_add_cert(store, certificate.handle) != 1 {
      throw .failed("X509_STORE_add_cert")
    }
  }

  /// Reads certificates in PEM, one after the other. Throws `unusableKey` where there is none, or one that cannot be read.
  package convenience init(pem: [UInt8]) throws(CryptographyError) {
    let source = BIO_new_mem_buf(pem, Int32(clamping: pem.count))
    defer { BIO_free(source) }
    var certificates: [Certificate] = []
    while let handle = PEM_read_bio_X509(source, nil, nil, nil) {
      certificates.append(Certificate(owning: handle))
      guard certificates.count <= Self.most else { throw .unusableKey }
    }
    // What ends the loop has to be the end of the file.
    let reason = ERR_peek_last_error()
    ERR_clear_error()
    guard !certificates.isEmpty, reason & 0x7F_FFFF == UInt(PEM_R_NO_START_LINE) else { throw .unusableKey }
    try self.init(certificates)
  }

  deinit { X509_STORE_free(store) }

  /// Whether a chain of signatures leads from the first of `chain` over the others to an anchor, all of them valid at `instant`. An
  /// anchor need not be a root: whoever trusts one certificate need not trust its issuer.
  package func areTrusting(_ chain: [Certificate], at instant: Instant) -> Bool {
    guard let leaf = chain.first, let context = X509_STORE_CTX_new() else { return false }
    defer {
      X509_STORE_CTX_free(context)
      ERR_clear_error()
    }
    let others = OPENSSL_sk_new_null()
    defer { OPENSSL_sk_free(others) }
    for certificate in chain.dropFirst() { OPENSSL_sk_push(others, UnsafeRawPointer(certificate.handle)) }
    guard X509_STORE_CTX_init(context, store, leaf.handle, others) == 1 else { return false }
    // 112 bits: RSA from 2048, no SHA-1.
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context), 2)
    X509_STORE_CTX_set_flags(context, UInt(X509_V_FLAG_PARTIAL_CHAIN))
    X509_STORE_CTX_set_time(context, 0, time_t(instant.unixSeconds))
    return X509_verify_cert(context) == 1
  }
}
