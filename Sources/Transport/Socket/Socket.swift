internal import CLinux
internal import Glibc
internal import Primitives

/// What one read or write on a socket came to.
package enum SocketOutcome: Sendable, Equatable {
  case bytes(Int)
  /// Nothing now; an event will say when. TLS may have to wait for the other direction: that too is an event on the same descriptor.
  case wouldBlock
  /// The peer has shut down its side in order.
  case ended
  case failed(Int32)
}

/// One accepted descriptor, and the seam where TLS goes in: everything above asks for these four operations and for nothing else.
/// Plain TCP and Unix-domain sockets answer them with system calls.
package struct Socket: Sendable {
  let descriptor: Int32

  func receive(into buffer: UnsafeMutableRawBufferPointer) -> SocketOutcome {
    while true {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .ended }
      if errno != EINTR { return Self.refusal(errno) }
    }
  }

  func send(_ bytes: UnsafeRawBufferPointer) -> SocketOutcome {
    while true {
      let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      if count >= 0 { return .bytes(count) }
      if errno != EINTR { return Self.refusal(errno) }
    }
  }

  /// Throws away what has come (tcp(7), MSG_TRUNC).
  func discardReceived() { _ = recv(descriptor, nil, 1 << 16, Int32(MSG_TRUNC)) }

  /// Tells the peer that nothing more will be sent.
  func shutdownSending() { _ = Glibc.shutdown(descriptor, Int32(SHUT_WR)) }

  func close() { _ = Glibc.close(descriptor) }

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
