internal import CLinux
internal import COpenSSL
internal import Glibc

/// Why a certificate, key or setting of TLS cannot be used, for the operator.
package struct TLSError: Error, Equatable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }

  /// With what OpenSSL says of its last failure on this thread.
  static func library(_ what: String) -> TLSError {
    let code = ERR_peek_last_error()
    ERR_clear_error()
    return TLSError("\(what): \(reason(code))")
  }

  static func reason(_ code: UInt) -> String { ERR_reason_error_string(code).map { String(cString: $0) } ?? "no reason given" }
}

/// Small files of certificates and keys.
enum TLSFile {
  private static let limit = 1 << 20

  /// The whole file; the caller wipes what is secret.
  static func read(_ path: String) throws(TLSError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw unreadable(path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(path) }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
      throw TLSError("\(path) is no file of at most \(limit) bytes")
    }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(path) }
      if count == 0 { break }
      filled += count
    }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  private static func unreadable(_ path: String) -> TLSError { TLSError("\(path) cannot be read: \(String(cString: strerror(errno)))") }

  /// What tells one state of a file from another without reading it.
  struct Stamp: Hashable, Sendable {
    private var device: UInt64 = 0
    private var inode: UInt64 = 0
    private var size: Int64 = 0
    private var seconds = 0
    private var nanoseconds = 0

    init(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return }
      device = UInt64(status.st_dev)
      inode = UInt64(status.st_ino)
      size = Int64(status.st_size)
      seconds = status.st_mtim.tv_sec
      nanoseconds = status.st_mtim.tv_nsec
    }
  }
}
