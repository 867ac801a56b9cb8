private import CJansson
private import COpenSSL
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
      LibraryVersions(name: "libqrencode", version: text(QRcode_APIVersionString())),
    ]
  }

  private static func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "unknown" }
}
