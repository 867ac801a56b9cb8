internal import COpenSSL
internal import Primitives

/// The authorities that clients' certificates have to come from.
struct ClientAuthorities {
  private let file: String
  private let content: [UInt8]

  /// Throws where the file holds no certificate.
  init(file: String) throws(TLSError) {
    self.file = file
    content = try TLSFile.read(file)
    for certificate in try PEM.certificates(in: file) { X509_free(certificate) }
  }

  /// Makes `context` ask clients for a certificate. Sessions are bound to the demand and to these authorities: one that was opened
  /// under others is not resumed, since its certificate was judged by others.
  func demand(_ demand: TLSSettings.Demand, in context: OpaquePointer) throws(TLSError) {
    for certificate in try PEM.certificates(in: file) {
      defer { X509_free(certificate) }
      guard X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1, SSL_CTX_add_client_CA(context, certificate) == 1 else {
        throw TLSError.library("\(file) cannot be used")
      }
    }
    let must = demand == .required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE | must, nil)
    SSL_CTX_set_verify_depth(context, 4)
    var digest = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 32
    let bound = Array(demand.rawValue.utf8) + [0] + content
    guard EVP_Digest(bound, bound.count, &digest, &length, EVP_sha256(), nil) == 1,
      SSL_CTX_set_session_id_context(context, digest, length) == 1
    else { throw TLSError.library("sessions cannot be bound to \(file)") }
  }
}
