internal import COpenSSL
internal import Primitives

/// The authority's word that a certificate is not revoked (RFC 6960), handed to clients that ask (RFC 6066, section 8).
struct OCSPStaple: Sendable {
  let response: [UInt8]
  /// From then on it is not handed out any more.
  let staleAt: Instant

  /// Opens `file`, DER, which has to say "good" of `certificate`, be signed by its authority and be of this time.
  init(file: String, for certificate: ServerCertificate, at now: Instant) throws(TLSError) {
    let bytes = try TLSFile.read(file)
    let parsed = bytes.withUnsafeBytes { buffer in
      var cursor = buffer.bindMemory(to: UInt8.self).baseAddress
      return d2i_OCSP_RESPONSE(nil, &cursor, buffer.count)
    }
    defer {
      OCSP_RESPONSE_free(parsed)
      ERR_clear_error()
    }
    guard let parsed, OCSP_response_status(parsed) == OCSP_RESPONSE_STATUS_SUCCESSFUL, let basic = OCSP_response_get1_basic(parsed)
    else { throw TLSError("\(file) is no OCSP response in DER that says anything") }
    defer { OCSP_BASICRESP_free(basic) }
    try Self.verify(basic, file, certificate)
    response = bytes
    staleAt = try Self.end(basic, file, certificate)
    guard now < staleAt else { throw TLSError("\(file) is out of date since \(staleAt.rfc3339())") }
  }

  /// The responder's signature, by the certificate's issuer or one that it has appointed.
  private static func verify(_ basic: OpaquePointer, _ file: String, _ certificate: ServerCertificate) throws(TLSError) {
    guard let issuer = issuer(of: certificate) else {
      throw TLSError("\(file) cannot be checked: \(certificate.file) does not hold the issuer's certificate")
    }
    let store = X509_STORE_new()
    defer { X509_STORE_free(store) }
    X509_STORE_add_cert(store, issuer)
    // The issuer may be an intermediate one: it is what we trust here.
    X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
    guard OCSP_basic_verify(basic, certificate.chain, store, 0) == 1 else {
      throw TLSError.library("\(file) is not signed by the issuer of \(certificate.file)")
    }
  }

  private static func end(_ basic: OpaquePointer, _ file: String, _ certificate: ServerCertificate) throws(TLSError) -> Instant {
    var status: Int32 = 0
    var reason: Int32 = 0
    var next: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
    // A response names the certificate by the digest that whoever asked for it chose (RFC 6960, section 4.1.1).
    let isFound = [EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512()].contains { digest in
      let id = OCSP_cert_to_id(digest, certificate.leaf, issuer(of: certificate))
      defer { OCSP_CERTID_free(id) }
      return OCSP_resp_find_status(basic, id, &status, &reason, nil, nil, &next) == 1
    }
    guard isFound else { throw TLSError("\(file) says nothing about \(certificate.file)") }
    guard status == V_OCSP_CERTSTATUS_GOOD else { throw TLSError("\(file) says that \(certificate.file) is revoked or unknown") }
    return next.map { X509Facts.instant($0) } ?? .distantFuture
  }

  private static func issuer(of certificate: ServerCertificate) -> OpaquePointer? {
    for index in 0..<max(0, OPENSSL_sk_num(certificate.chain)) {
      let candidate = OpaquePointer(OPENSSL_sk_value(certificate.chain, index))
      if X509_check_issued(candidate, certificate.leaf) == X509_V_OK { return candidate }
    }
    return certificate.isSelfSigned ? certificate.leaf : nil
  }
}
