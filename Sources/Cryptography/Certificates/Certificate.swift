internal import COpenSSL

/// An X.509 certificate (RFC 5280), read strictly.
///
/// `@unchecked`: the certificate is not changed after `init`, and OpenSSL lets any number of threads read it at once.
package final class Certificate: @unchecked Sendable {
  let handle: OpaquePointer

  /// Takes ownership.
  init(owning handle: OpaquePointer) { self.handle = handle }

  /// `nil` unless the bytes are one certificate in DER and nothing else.
  package convenience init?(der: [UInt8]) {
    let handle = der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
      var next = bytes.baseAddress
      guard let handle = d2i_X509(nil, &next, bytes.count) else { return nil }
      guard let next, let start = bytes.baseAddress, next == start + bytes.count else {
        X509_free(handle)
        return nil
      }
      return handle
    }
    guard let handle else {
      ERR_clear_error()
      return nil
    }
    self.init(owning: handle)
  }

  deinit { X509_free(handle) }

  /// 3 for a certificate that may have extensions.
  package var version: Int { X509_get_version(handle) + 1 }

  package var isSubjectEmpty: Bool { X509_NAME_entry_count(X509_get_subject_name(handle)) == 0 }

  package enum NamePart: Sendable { case country, organization, organizationalUnit, commonName }

  /// The values of one part of the subject's name, as UTF-8.
  package func subject(_ part: NamePart) -> [String] {
    let identifier =
      switch part {
      case .country: NID_countryName
      case .organization: NID_organizationName
      case .organizationalUnit: NID_organizationalUnitName
      case .commonName: NID_commonName
      }
    let name = X509_get_subject_name(handle)
    var values: [String] = []
    var index = X509_NAME_get_index_by_NID(name, identifier, -1)
    while index >= 0 {
      if let text = Self.text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index))) { values.append(text) }
      index = X509_NAME_get_index_by_NID(name, identifier, index)
    }
    return values
  }

  /// The key that the certificate is about; `nil` where it is of a kind that is not used here.
  package var key: CredentialKey? { try? CredentialKey(owning: X509_get_pubkey(handle)) }

  package struct Extension: Sendable {
    package let isCritical: Bool
    /// The content of the extension's OCTET STRING.
    package let value: [UInt8]
  }

  /// The extension with the object identifier `identifier`, in dots; `nil` where there is none, or more than one.
  package func `extension`(_ identifier: String) -> Extension? {
    guard let object = OBJ_txt2obj(identifier, 1) else { return nil }
    defer { ASN1_OBJECT_free(object) }
    let index = X509_get_ext_by_OBJ(handle, object, -1)
    guard index >= 0, X509_get_ext_by_OBJ(handle, object, index) < 0, let found = X509_get_ext(handle, index) else { return nil }
    let data = X509_EXTENSION_get_data(found)
    let value = [UInt8](UnsafeBufferPointer(start: ASN1_STRING_get0_data(data), count: Int(ASN1_STRING_length(data))))
    return Extension(isCritical: X509_EXTENSION_get_critical(found) == 1, value: value)
  }

  private static func text(_ value: UnsafeMutablePointer<ASN1_STRING>?) -> String? {
    var buffer: UnsafeMutablePointer<UInt8>?
    let count = ASN1_STRING_to_UTF8(&buffer, value)
    defer { CRYPTO_free(buffer, nil, 0) }
    guard count >= 0, let buffer else { return nil }
    return String(decoding: UnsafeBufferPointer(start: buffer, count: Int(count)), as: UTF8.self)
  }
}
