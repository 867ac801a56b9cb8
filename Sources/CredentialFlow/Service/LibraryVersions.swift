private import CJansson
private import COpenSSL
private import CPCRE2
private import CQREncode
private import CSQLite
private import CSodium
private import CUTF8Proc
private import CZlib

/// The C libraries as they are loaded now, which may be newer than those the program was built with.
struct LibraryVersions: Sendable {
  let name: String
  let version: String

  static var all: [LibraryVersions] {
    [
      LibraryVersions(name: "OpenSSL", version: text(OpenSSL_version(OPENSSL_VERSION_STRING))),
      LibraryVersions(name: "SQLite", version: text(sqlite3_libversion())),
      LibraryVersions(name: "libsodium", version: text(sodium_version_string())),
      LibraryVersions(name: "jansson", version: text(jansson_version_str())),
      LibraryVersions(name: "zlib", version: text(zlibVersion())),
      LibraryVersions(name: "utf8proc", version: text(utf8proc_version())),
      LibraryVersions(name: "PCRE2", version: pcre2),
      LibraryVersions(name: "libqrencode", version: text(QRcode_APIVersionString())),
    ]
  }

  private static var pcre2: String {
    let length = pcre2_config_8(UInt32(PCRE2_CONFIG_VERSION), nil)
    guard length > 0 else { return "unknown" }
    var text = [UInt8](repeating: 0, count: Int(length))
    pcre2_config_8(UInt32(PCRE2_CONFIG_VERSION), &text)
    // "10.42 2022-12-11": the date says nothing more.
    return String(decoding: text.prefix { $0 != 0 && $0 != UInt8(ascii: " ") }, as: UTF8.self)
  }

  private static func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "unknown" }
}
