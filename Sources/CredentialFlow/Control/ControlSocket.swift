internal import CLinux
internal import Glibc

/// The address of the control socket, as a listener and as a connection.
enum ControlSocket {
  /// Listens at `path`, which only this user can reach (0600). The caller holds the data folder's lock, so a socket that is
  /// there already was left by a process that has ended.
  static func listen(at path: String) throws(ControlError) -> Int32 {
    let descriptor = try make()
    unlink(path)
    let isBound = try withAddress(path) { address, length in bind(descriptor, address, length) }
    guard isBound == 0, chmod(path, 0o600) == 0, Glibc.listen(descriptor, Int32(ControlLimit.connections)) == 0 else {
      let reason = SystemError.text(errno)
      close(descriptor)
      throw .failed("\(path): \(reason)")
    }
    return descriptor
  }

  /// `nil` where nobody listens at `path`.
  static func connect(to path: String) throws(ControlError) -> FrameChannel? {
    let descriptor = try make()
    let isConnected = try withAddress(path) { address, length in Glibc.connect(descriptor, address, length) }
    guard isConnected == 0 else {
      let reason = errno
      close(descriptor)
      switch reason {
      case ENOENT, ECONNREFUSED, EAGAIN: return nil
      case EACCES, EPERM: throw .failed("\(path): not yours to use; run this as the server's user or as root")
      default: throw .failed("\(path): \(SystemError.text(reason))")
      }
    }
    return FrameChannel(descriptor: descriptor)
  }

  private static func make() throws(ControlError) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { throw .failed(SystemError.text(errno)) }
    return descriptor
  }

  /// An address holds 107 bytes of path. A longer path is reached through its folder's descriptor in `/proc`.
  private static func withAddress(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) throws(ControlError) -> Int32 {
    guard path.utf8.count > 107 else { return call(path, body) }
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    let folder = String(path.dropLast(name.count))
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .failed("\(folder): \(SystemError.text(errno))") }
    defer { close(descriptor) }
    return call("/proc/self/fd/\(descriptor)/\(name)", body)
  }

  private static func call(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }
}
