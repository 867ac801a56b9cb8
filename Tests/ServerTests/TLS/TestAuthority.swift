import COpenSSL
import Glibc
import Transport

/// A certificate authority in a folder of a test's own, gone with the value.
final class TestAuthority: Sendable {
  enum Kind { case ec, rsa }

  struct Failure: Error { let what: String }

  let folder: String

  /// Makes `ca.pem` and `ca.key`.
  init() throws {
    var template = Array("/tmp/credentialflow-tls-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Failure(what: "no folder") }
    folder = String(cString: made)
    let key = try Self.key(.ec)
    defer { EVP_PKEY_free(key) }
    let certificate = try Self.certificate(of: key, subject: "authority", for: [], from: -3600, until: 86_400, by: nil, isAuthority: true)
    defer { X509_free(certificate) }
    try write(certificate, key, as: "ca")
  }

  deinit {
    guard let entries = opendir(folder) else { return }
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      unlink("\(folder)/\(name)")
    }
    closedir(entries)
    rmdir(folder)
  }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// Makes `file.pem` and `file.key`; times are seconds from now. `isOwn`: signed by itself.
  @discardableResult func issue(
    _ file: String, for names: [String] = ["localhost"], _ kind: Kind = .ec, from: Int = -3600, until: Int = 86_400, isOwn: Bool = false
  ) throws -> TLSSettings.Certificate {
    let key = try Self.key(kind)
    defer { EVP_PKEY_free(key) }
    let (authority, authorityKey) = try read("ca")
    defer {
      X509_free(authority)
      EVP_PKEY_free(authorityKey)
    }
    let issuer = isOwn ? nil : (authority, authorityKey)
    let certificate = try Self.certificate(
      of: key, subject: names.first ?? "client", for: names, from: from, until: until, by: issuer, isAuthority: false)
    defer { X509_free(certificate) }
    try write(certificate, key, as: file)
    return .init(certificateFile: path("\(file).pem"), keyFile: path("\(file).key"))
  }

  func write(_ text: String, to name: String) throws {
    guard let file = fopen(path(name), "w") else { throw Failure(what: name) }
    defer { fclose(file) }
    fputs(text, file)
  }

  /// Takes the place of a file at once, as a careful renewal does.
  func replace(_ name: String, with other: String) { rename(path(other), path(name)) }

  private func read(_ name: String) throws -> (certificate: OpaquePointer, key: OpaquePointer) {
    let files = (BIO_new_file(path("\(name).pem"), "r"), BIO_new_file(path("\(name).key"), "r"))
    defer {
      BIO_free(files.0)
      BIO_free(files.1)
    }
    guard let certificate = PEM_read_bio_X509(files.0, nil, nil, nil), let key = PEM_read_bio_PrivateKey(files.1, nil, nil, nil) else {
      throw Failure(what: "read \(name)")
    }
    return (certificate, key)
  }

  private func write(_ certificate: OpaquePointer, _ key: OpaquePointer, as name: String) throws {
    let files = (BIO_new_file(path("\(name).pem"), "w"), BIO_new_file(path("\(name).key"), "w"))
    defer {
      BIO_free(files.0)
      BIO_free(files.1)
    }
    guard PEM_write_bio_X509(files.0, certificate) == 1, PEM_write_bio_PrivateKey(files.1, key, nil, nil, 0, nil, nil) == 1 else {
      throw Failure(what: "write \(name)")
    }
    chmod(path("\(name).key"), 0o600)
  }

  private static func key(_ kind: Kind) throws -> OpaquePointer {
    let context = EVP_PKEY_CTX_new_id(kind == .ec ? EVP_PKEY_EC : EVP_PKEY_RSA, nil)
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard EVP_PKEY_keygen_init(context) == 1 else { throw Failure(what: "key") }
    let isSet =
      kind == .ec
      ? EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) : EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048)
    guard isSet == 1, EVP_PKEY_keygen(context, &key) == 1, let key else { throw Failure(what: "key") }
    return key
  }

  private static func certificate(
    of key: OpaquePointer, subject: String, for names: [String], from: Int, until: Int, by issuer: (OpaquePointer, OpaquePointer)?,
    isAuthority: Bool
  ) throws -> OpaquePointer {
    guard let certificate = X509_new() else { throw Failure(what: "certificate") }
    X509_set_version(certificate, 2)
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), UInt64.random(in: 1..<(1 << 60)))
    X509_gmtime_adj(X509_getm_notBefore(certificate), from)
    X509_gmtime_adj(X509_getm_notAfter(certificate), until)
    let name = X509_get_subject_name(certificate)
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_FLAG | 1, Array(subject.utf8), Int32(subject.utf8.count), -1, 0)
    X509_set_issuer_name(certificate, issuer.map { X509_get_subject_name($0.0) } ?? name)
    X509_set_pubkey(certificate, key)
    var extensions = [(NID_basic_constraints, isAuthority ? "critical,CA:TRUE" : "critical,CA:FALSE")]
    if !names.isEmpty { extensions.append((NID_subject_alt_name, names.map { "DNS:\($0)" }.joined(separator: ","))) }
    for (kind, value) in extensions {
      guard let entry = X509V3_EXT_conf_nid(nil, nil, kind, value) else { throw Failure(what: value) }
      X509_add_ext(certificate, entry, -1)
      X509_EXTENSION_free(entry)
    }
    guard X509_sign(certificate, issuer?.1 ?? key, EVP_sha256()) > 0 else { throw Failure(what: "signature") }
    return certificate
  }
}
