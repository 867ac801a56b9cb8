internal import CLinux
internal import Glibc
internal import Primitives

/// Why a listener could not be opened.
package struct ListenError: Error, CustomStringConvertible {
  /// An address, or `descriptor 3` for one that was handed over.
  package let place: String
  package let step: String
  package let code: Int32

  package var description: String {
    "cannot listen on \(place): \(step): \(String(cString: strerror(code))); 'listen', 'operations.listen' and --listen say where"
  }
}

/// An open listening socket. Each loop has its own, bound to the same address by SO_REUSEPORT; one that was handed over is watched
/// by all of them.
package struct Listener: Sendable {
  package let descriptor: Int32
  /// With the port that the system chose.
  package let address: ListenAddress
  /// Whether it belongs to the service manager that opened it: it is not closed here, and its file not taken away, so that who
  /// connects while the server is restarted waits in its queue.
  package let isInherited: Bool

  /// `isFirst`: of a server's listeners on this address. Where another process listens already, SO_REUSEPORT would let this one
  /// join it and share its connections; the first therefore makes sure that nobody does.
  ///
  /// `mode`: of a Unix-domain socket's file.
  package init(_ wanted: ListenAddress, isFirst: Bool, mode: UInt32 = 0o600, backlog: Int32 = 4096) throws(ListenError) {
    if isFirst, case .internet(let host, let port) = wanted, port != 0 {
      let probe = try Self.bound(wanted, host: host, port: port, isShared: false)
      Glibc.close(probe)
    }
    switch wanted {
    case .internet(let host, let port): try self.init(wanted, host: host, port: port, backlog: backlog)
    case .unix(let path): try self.init(wanted, path: path, mode: mode, backlog: backlog)
    }
  }

  private init(_ wanted: ListenAddress, host: IPAddress, port: UInt16, backlog: Int32) throws(ListenError) {
    let descriptor = try Self.bound(wanted, host: host, port: port, isShared: true)
    try Self.check(listen(descriptor, backlog) == 0, wanted, "listen", descriptor)
    self.descriptor = descriptor
    isInherited = false
    address = Self.boundAddress(descriptor) ?? wanted
  }

  /// A socket that this process was started with. It must be a listening stream socket of a family that is served here.
  package init(inheriting descriptor: Int32) throws(ListenError) {
    errno = EINVAL
    guard Self.option(descriptor, SO_ACCEPTCONN) == 1, Self.option(descriptor, SO_TYPE) == Int32(SOCK_STREAM.rawValue),
      let address = Self.boundAddress(descriptor)
    else { throw ListenError(place: "descriptor \(descriptor)", step: "no listening stream socket", code: errno) }
    guard cf_adopt(descriptor) == 0 else { throw ListenError(place: "descriptor \(descriptor)", step: "fcntl", code: errno) }
    self.descriptor = descriptor
    self.address = address
    isInherited = true
    Self.boundPatience(descriptor)
  }

  /// What is closed with bytes that the peer does not take is the kernel's, for minutes: those have an end too. Accepted sockets inherit
  /// it; one of a Unix-domain socket keeps nothing.
  private static func boundPatience(_ descriptor: Int32) {
    var patience: Int32 = 60_000
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &patience, socklen_t(MemoryLayout<Int32>.size))
  }

  private static func bound(_ wanted: ListenAddress, host: IPAddress, port: UInt16, isShared: Bool) throws(ListenError) -> Int32 {
    let family = host.isIPv4 ? AF_INET : AF_INET6
    let descriptor = try Self.open(wanted, family)
    for (level, option) in [(SOL_SOCKET, SO_REUSEADDR), (SOL_SOCKET, SO_REUSEPORT), (Int32(IPPROTO_TCP), TCP_NODELAY)] {
      var isOn: Int32 = option == SO_REUSEPORT && !isShared ? 0 : 1
      setsockopt(descriptor, level, option, &isOn, socklen_t(MemoryLayout<Int32>.size))
    }
    Self.boundPatience(descriptor)
    let status: Int32
    if host.isIPv4 {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = UInt32(truncatingIfNeeded: host.low).bigEndian
      status = Self.bind(descriptor, &address)
    } else {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      withUnsafeMutableBytes(of: &address.sin6_addr) {
        $0.storeBytes(of: host.high.bigEndian, as: UInt64.self)
        $0.storeBytes(of: host.low.bigEndian, toByteOffset: 8, as: UInt64.self)
      }
      status = Self.bind(descriptor, &address)
    }
    try Self.check(status == 0, wanted, "bind", descriptor)
    return descriptor
  }

  /// A socket file left by a process that died is replaced; one that somebody listens on is an error, and so is a file of another kind.
  private init(_ wanted: ListenAddress, path: String, mode: UInt32, backlog: Int32) throws(ListenError) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let probe = try Self.open(wanted, AF_UNIX)
    let isAlive = Self.withSocketAddress(&address) { connect(probe, $0, $1) } == 0
    Glibc.close(probe)
    let descriptor = try Self.open(wanted, AF_UNIX)
    if isAlive { errno = EADDRINUSE }
    try Self.check(!isAlive, wanted, "bind", descriptor)
    var status = stat()
    let isOther = lstat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFSOCK
    if isOther { errno = EEXIST }
    try Self.check(!isOther, wanted, "bind", descriptor)
    unlink(path)
    try Self.check(Self.bind(descriptor, &address) == 0, wanted, "bind", descriptor)
    // Before anybody can connect.
    try Self.check(chmod(path, mode) == 0, wanted, "chmod", descriptor)
    try Self.check(listen(descriptor, backlog) == 0, wanted, "listen", descriptor)
    self.descriptor = descriptor
    self.address = wanted
    isInherited = false
  }

  package func close() {
    guard !isInherited else { return }
    Glibc.close(descriptor)
    if case .unix(let path) = address { unlink(path) }
  }

  /// The next connection; `nil` with errno set where there is none or it cannot be had.
  func accept() -> (socket: Socket, peer: PeerAddress)? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let descriptor = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { cf_accept(self.descriptor, $0, &length) }
    }
    guard descriptor >= 0 else { return nil }
    return (Socket(descriptor: descriptor), PeerAddress(storage))
  }

  /// Lets no further handshake into the queue, so that the queue can be emptied before it is closed.
  func stopQueueing() { if !isInherited { listen(descriptor, 0) } }

  private static func open(_ wanted: ListenAddress, _ family: Int32) throws(ListenError) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(family, kind, 0)
    try check(descriptor >= 0, wanted, "socket", descriptor)
    return descriptor
  }

  private static func check(_ isFine: Bool, _ wanted: ListenAddress, _ step: String, _ descriptor: Int32) throws(ListenError) {
    guard !isFine else { return }
    let code = errno
    if descriptor >= 0 { Glibc.close(descriptor) }
    throw ListenError(place: "\(wanted)", step: step, code: code)
  }

  private static func bind<Address>(_ descriptor: Int32, _ address: inout Address) -> Int32 {
    withSocketAddress(&address) { Glibc.bind(descriptor, $0, $1) }
  }

  private static func withSocketAddress<Address>(
    _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    let length = socklen_t(MemoryLayout<Address>.size)
    return withUnsafePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) } }
  }

  private static func option(_ descriptor: Int32, _ name: Int32) -> Int32? {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
  }

  private static func boundAddress(_ descriptor: Int32) -> ListenAddress? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard status == 0 else { return nil }
    if case .internet(let address, let port) = PeerAddress(storage) { return .internet(address, port: port) }
    guard Int32(storage.ss_family) == AF_UNIX else { return nil }
    let path = withUnsafeBytes(of: storage) { $0.dropFirst(2).prefix(max(0, Int(length) - 2)).prefix { $0 != 0 } }
    return .unix(path: String(decoding: path, as: UTF8.self))
  }
}
