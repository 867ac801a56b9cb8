internal import COpenSSL
internal import CTLS
internal import Primitives

/// What stands in a certificate. The certificates stay the caller's.
enum X509Facts {
  /// DNS names among the subject's alternative names (RFC 5280, section 4.2.1.6), in lower case.
  static func names(of certificate: OpaquePointer) -> [String] {
    guard let names = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
    let stack = OpaquePointer(names)
    defer { GENERAL_NAMES_free(stack) }
    return (0..<max(0, OPENSSL_sk_num(stack))).compactMap { index in
      var kind: Int32 = 0
      let entry = OPENSSL_sk_value(stack, index)?.assumingMemoryBound(to: GENERAL_NAME.self)
      guard let value = GENERAL_NAME_get0_value(entry, &kind), kind == GEN_DNS else { return nil }
      let text = value.assumingMemoryBound(to: ASN1_STRING.self)
      let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(text), count: Int(max(0, ASN1_STRING_length(text))))
      return String(decoding: bytes, as: UTF8.self).lowercased()
    }
  }

  /// SHA-256 over the certificate's DER.
  static func fingerprint(of certificate: OpaquePointer) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 32
    return X509_digest(certificate, EVP_sha256(), &digest, &length) == 1 ? digest : []
  }

  /// In the form of RFC 2253, as `CN=edge,O=Example`; at most 512 bytes.
  static func subject(of certificate: OpaquePointer) -> String {
    guard let sink = BIO_new(BIO_s_mem()) else { return "" }
    defer { BIO_free(sink) }
    X509_NAME_print_ex(sink, X509_get_subject_name(certificate), 0, UInt(CF_X509_NAME_RFC2253))
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = BIO_read(sink, &bytes, Int32(bytes.count))
    return String(decoding: bytes.prefix(Int(max(0, count))), as: UTF8.self)
  }

  /// The epoch where the time is no time: whoever compares refuses it as expired.
  static func instant(_ time: UnsafePointer<ASN1_TIME>?) -> Instant {
    var days: Int32 = 0
    var seconds: Int32 = 0
    let epoch = ASN1_TIME_set(nil, 0)
    defer { ASN1_STRING_free(epoch) }
    guard let time, ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return Instant(unixSeconds: 0) }
    return Instant(unixSeconds: Int64(days) * 86_400 + Int64(seconds))
  }
}

/// What is kept of a client's certificate that was verified: the proof of who stands at the other end.
package struct ClientCertificate: Sendable, Equatable {
  /// RFC 2253, as `CN=origin-pull.cloudflare.net,…`.
  package let subject: String
  /// SHA-256 of the certificate, 32 bytes.
  package let fingerprint: [UInt8]
}

/// What is agreed on in a handshake for what follows (RFC 7301).
package enum ApplicationProtocol: String, Sendable {
  case http1 = "http/1.1"
  case http2 = "h2"
}

/// What a handshake found out. It keeps the context alive that OpenSSL's callbacks point to.
final class ConnectionSecurity {
  let negotiatedProtocol: ApplicationProtocol?
  let clientCertificate: ClientCertificate?
  private let context: TLSContext

  init(_ context: TLSContext, negotiatedProtocol: ApplicationProtocol?, clientCertificate: ClientCertificate?) {
    self.context = context
    self.negotiatedProtocol = negotiatedProtocol
    self.clientCertificate = clientCertificate
  }
}
