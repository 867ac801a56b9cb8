internal import CLinux
internal import CTLS
internal import Glibc
internal import Primitives

/// What one read or write on a socket came to.
enum SocketOutcome: Sendable, Equatable {
  case bytes(Int)
  /// Nothing now; an event will say when. TLS may have to wait for the other direction: that too is an event on the same descriptor.
  case wouldBlock
  /// The peer has shut down its side in order.
  case ended
  case failed(Int32)
}

/// One accepted descriptor, plain or with TLS on it: everything above asks for these operations and for nothing else. Plain TCP and
/// Unix-domain sockets answer them with system calls.
struct Socket {
  let descriptor: Int32
  /// The TLS connection on it, `SSL *`, which this value owns as it owns the descriptor.
  var secured: OpaquePointer?

  init(descriptor: Int32) { self.descriptor = descriptor }

  func receive(into buffer: UnsafeMutableRawBufferPointer) -> SocketOutcome {
    if let secured { return Self.receive(secured, buffer) }
    while true {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .ended }
      if errno != EINTR { return Self.refusal(errno) }
    }
  }

  /// Whether another read may give something although no event says so, after one that gave `count` bytes of room for `capacity`.
  func hasMore(after count: Int, of capacity: Int) -> Bool {
    if let secured { cf_tls_has_more(secured) != 0 } else { count >= capacity }
  }

  func send(_ bytes: UnsafeRawBufferPointer) -> SocketOutcome {
    if let secured { return Self.send(secured, bytes) }
    while true {
      let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      if count >= 0 { return .bytes(count) }
      if errno != EINTR { return Self.refusal(errno) }
    }
  }

  /// Throws away what has come (tcp(7), MSG_TRUNC).
  func discardReceived() { _ = recv(descriptor, nil, 1 << 16, Int32(MSG_TRUNC)) }

  /// Tells the peer that nothing more will be sent.
  func shutdownSending() {
    if let secured { cf_tls_finish(secured) }
    _ = Glibc.shutdown(descriptor, Int32(SHUT_WR))
  }

  /// What the kernel holds for the peer.
  var unsentBytes: Int32 { cf_unsent(descriptor) }

  /// The end that follows is a reset, and what the kernel holds for the peer goes with it.
  func dropUnsent() {
    var now = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
  }

  /// Ends what this value owns: nothing may be asked of it any more.
  func close() {
    if let secured { cf_tls_free(secured) }
    _ = Glibc.close(descriptor)
  }

  private static func receive(_ secured: OpaquePointer, _ buffer: UnsafeMutableRawBufferPointer) -> SocketOutcome {
    guard let room = buffer.baseAddress else { return .wouldBlock }
    let count = cf_tls_read(secured, room, buffer.count)
    if count > 0 { return .bytes(count) }
    switch Int32(count) {
    case Int32(CF_TLS_ENDED): return .ended
    case Int32(CF_TLS_BLOCKED): return .wouldBlock
    // Something of the protocol's own was read.
    case Int32(CF_TLS_AGAIN): return .bytes(0)
    default: return .failed(EPROTO)
    }
  }

  private static func send(_ secured: OpaquePointer, _ bytes: UnsafeRawBufferPointer) -> SocketOutcome {
    guard let start = bytes.baseAddress, !bytes.isEmpty else { return .bytes(0) }
    let count = cf_tls_write(secured, start, bytes.count)
    return count >= 0 ? .bytes(count) : .failed(EPROTO)
  }

  private static func refusal(_ code: Int32) -> SocketOutcome { code == EAGAIN || code == EWOULDBLOCK ? .wouldBlock : .failed(code) }
}

extension PeerAddress {
  /// From what accept(2) wrote.
  init(_ storage: sockaddr_storage) {
    self = withUnsafeBytes(of: storage) { bytes in
      switch Int32(storage.ss_family) {
      case AF_INET:
        let address = bytes.load(as: sockaddr_in.self)
        return .internet(IPAddress(v4: UInt32(bigEndian: address.sin_addr.s_addr)), port: UInt16(bigEndian: address.sin_port))
      case AF_INET6:
        let address = bytes.load(as: sockaddr_in6.self)
        return .internet(IPAddress(address.sin6_addr), port: UInt16(bigEndian: address.sin6_port))
      default: return .local
      }
    }
  }
}
