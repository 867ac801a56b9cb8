internal import COpenSSL
package import Primitives

/// A certificate with its chain and key, loaded and found to belong together.
///
/// `@unchecked Sendable`: OpenSSL's objects are reference-counted and never changed after `init`.
package final class ServerCertificate: @unchecked Sendable {
  let leaf: OpaquePointer
  let key: OpaquePointer
  /// STACK_OF(X509) of what stands behind the leaf in the file.
  let chain: OpaquePointer?
  /// The DNS names that it is for, in lower case; `*.example.com` where it stands for one label.
  package let names: [String]
  package let notBefore: Instant
  package let notAfter: Instant
  /// SHA-256 of the certificate, hexadecimal.
  package let fingerprint: String
  package let isSelfSigned: Bool
  /// `EC` or `RSA`: what a client can ask by its signature algorithms.
  package let keyType: String
  let file: String

  /// Opens the files and checks that the key is the certificate's. Dates are facts here; who loads judges them.
  package init(_ files: TLSSettings.Certificate) throws(TLSError) {
    let certificates = try PEM.certificates(in: files.certificateFile)
    let first = certificates[0]
    do throws(TLSError) {
      key = try PEM.key(in: files.keyFile)
    } catch {
      for certificate in certificates { X509_free(certificate) }
      throw error
    }
    leaf = first
    file = files.certificateFile
    let rest = certificates.dropFirst()
    chain = rest.isEmpty ? nil : OPENSSL_sk_new_null()
    for certificate in rest { OPENSSL_sk_push(chain, UnsafeRawPointer(certificate)) }
    names = X509Facts.names(of: first)
    notBefore = X509Facts.instant(X509_get0_notBefore(first))
    notAfter = X509Facts.instant(X509_get0_notAfter(first))
    fingerprint = Hex.encode(X509Facts.fingerprint(of: first))
    isSelfSigned = X509_self_signed(first, 0) == 1
    keyType = EVP_PKEY_get0_type_name(key).map { String(cString: $0) } ?? "unknown"
    guard X509_check_private_key(first, key) == 1 else {
      ERR_clear_error()
      throw TLSError("\(files.keyFile) is not the key of \(files.certificateFile)")
    }
  }

  deinit {
    X509_free(leaf)
    EVP_PKEY_free(key)
    for index in 0..<max(0, OPENSSL_sk_num(chain)) { X509_free(OpaquePointer(OPENSSL_sk_value(chain, index))) }
    OPENSSL_sk_free(chain)
  }

  /// Why its dates forbid its use at `now`; `nil` where they do not.
  package func fault(at now: Instant) -> String? {
    if now < notBefore { return "\(file) is not valid before \(notBefore.rfc3339())" }
    if now >= notAfter { return "\(file) expired on \(notAfter.rfc3339())" }
    return nil
  }

  /// Whole days until it expires; negative afterwards.
  package func daysLeft(at now: Instant) -> Int { Int((notAfter - now).inSeconds / 86_400) }

  /// What people call it: its names, or its file where it has none.
  package var title: String { names.isEmpty ? file : names.joined(separator: ", ") }
}
