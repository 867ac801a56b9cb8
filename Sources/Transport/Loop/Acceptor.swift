internal import CLinux
internal import Glibc

/// What becomes of the connections of a listener. All calls come on the loop.
package struct ListenerReception {
  let accepted: (Connection) -> Void
  /// The bytes for one that there is no room for; none where it could not read them.
  let refusal: () -> [UInt8]
  /// The system would give none, and why (errno).
  let failed: (Int32) -> Void

  package init(
    accepted: @escaping (Connection) -> Void, refusal: @escaping () -> [UInt8], failed: @escaping (Int32) -> Void
  ) {
    self.accepted = accepted
    self.refusal = refusal
    self.failed = failed
  }
}

/// Takes connections from one listener for one loop.
///
/// Where there are too many, or no descriptor is left, those make room that nobody would miss (`EventLoop.makeRoom`); where there
/// is none, the new one is told so and closed. When the system has no memory to spare the acceptor pauses for a tick, and the
/// connections wait in the queue.
final class Acceptor {
  let listener: Listener
  private(set) var isPaused = false
  private unowned let loop: EventLoop
  private let token: UInt64
  private let quota: ConnectionQuota
  private let reception: ListenerReception

  init(loop: EventLoop, listener: Listener, token: UInt64, quota: ConnectionQuota, reception: ListenerReception) {
    self.loop = loop
    self.listener = listener
    self.token = token
    self.quota = quota
    self.reception = reception
    watch()
  }

  /// At most 64 a turn, so that those already here are served too; the event comes again for the rest.
  func acceptConnections() {
    for _ in 0..<64 where !acceptNext() { return }
  }

  func resume() {
    guard isPaused else { return }
    isPaused = false
    watch()
  }

  func finish() {
    listener.stopQueueing()
    if !listener.isInherited { while acceptNext() {} }
    cf_epoll_remove(loop.epoll, listener.descriptor)
    listener.close()
  }

  private func watch() {
    let status =
      listener.isInherited
      ? cf_epoll_add_shared(loop.epoll, listener.descriptor, token) : cf_epoll_add_level(loop.epoll, listener.descriptor, token)
    if status != 0 { pause(errno) }
  }

  private func pause(_ code: Int32) {
    reception.failed(code)
    cf_epoll_remove(loop.epoll, listener.descriptor)
    isPaused = true
  }

  private func acceptNext() -> Bool {
    guard let (socket, peer) = listener.accept() else {
      switch errno {
      case EAGAIN: return false
      // The connection died in the queue (accept(2), "Error handling"): the next may be well.
      case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH: return true
      case EMFILE, ENFILE: return acceptWithoutDescriptor(errno)
      default:
        pause(errno)
        return false
      }
    }
    var admission = quota.take(for: peer)
    if admission == .full, loop.makeRoom() { admission = quota.take(for: peer) }
    guard admission == .taken else {
      quota.countRefusal()
      loop.refuse(socket, peer, with: reception.refusal)
      return true
    }
    guard let connection = loop.add(socket, peer, quota) else {
      quota.giveBack(for: peer)
      socket.close()
      return true
    }
    reception.accepted(connection)
    return true
  }

  /// Whether it is worth another try.
  private func acceptWithoutDescriptor(_ code: Int32) -> Bool {
    reception.failed(code)
    if loop.makeRoom() { return true }
    guard loop.pressure.giveUpSpare() else {
      pause(code)
      return false
    }
    defer { loop.pressure.restoreSpare() }
    guard let (socket, _) = listener.accept() else {
      let isEmpty = errno == EAGAIN
      if !isEmpty { pause(errno) }
      return false
    }
    quota.countRefusal()
    _ = reception.refusal().withUnsafeBytes { socket.send($0) }
    // Or the kernel would send a reset that overtakes the answer.
    socket.discardReceived()
    socket.close()
    return true
  }
}
