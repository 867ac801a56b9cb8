private import Glibc
internal import Primitives

/// The first stage of a connection whose peer is a proxy that announces its clients. It takes the header and not a byte more, so that
/// what follows, a TLS handshake or a request, finds the socket as if the client had connected itself; from then on the connection's
/// peer is the client. Without a header in time the connection is closed, unanswered: nobody knows who would read the answer.
package final class ProxyHeaderStage: ConnectionStage {
  package enum Refusal: String, Error, Sendable {
    /// Something else came first, or a header that says two things.
    case malformed
    /// The connection ended before the header did.
    case ended
    case late
    /// The client has as many connections as one address may.
    case crowded
  }

  package let timeout: Duration
  private let refused: (Refusal) -> Void
  private var refusal = Refusal.malformed

  /// `refused` is told why a connection was closed.
  package init(timeout: Duration, refused: @escaping (Refusal) -> Void) {
    self.timeout = timeout
    self.refused = refused
  }

  package func advance(_ connection: Connection) -> StageOutcome {
    do throws(Refusal) {
      return try connection.takeProxyHeader() ? .done : .waiting
    } catch {
      refusal = error
      return .failed
    }
  }

  package func ended(_ end: StageEnd) {
    switch end {
    case .done: break
    case .failed: refused(refusal)
    case .timedOut: refused(.late)
    case .closed: refused(.ended)
    }
  }
}

extension Connection {
  /// `false` where more of it has to come.
  fileprivate func takeProxyHeader() throws(ProxyHeaderStage.Refusal) -> Bool {
    let buffer = UnsafeMutableRawBufferPointer(rebasing: loop.readBuffer[..<ProxyHeader.mostBytes])
    // The client's bytes follow the header, and the buffer is every connection's.
    defer { buffer.baseAddress.map { _ = memset($0, 0, buffer.count) } }
    let count: Int
    switch socket.peek(into: buffer) {
    case .bytes(let peeked): count = peeked
    case .wouldBlock: return false
    case .ended, .failed: throw .ended
    }
    switch ProxyHeader.read(UnsafeRawBufferPointer(rebasing: buffer[..<count])) {
    case .malformed: throw .malformed
    case .incomplete:
      // The end has come already: what is here is all.
      if isPeerDone { throw .ended }
      return false
    case .complete(let header):
      guard case .bytes(header.length) = socket.receive(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<header.length])) else {
        throw .ended
      }
      if let source = header.source, !announce(source) { throw .crowded }
      return true
    }
  }
}

extension Socket {
  /// Reads and leaves what it read where it is.
  fileprivate func peek(into buffer: UnsafeMutableRawBufferPointer) -> SocketOutcome {
    while true {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_PEEK))
      if count > 0 { return .bytes(count) }
      if count == 0 { return .ended }
      if errno != EINTR { return errno == EAGAIN || errno == EWOULDBLOCK ? .wouldBlock : .failed(errno) }
    }
  }
}
