internal import CLinux
internal import Glibc

/// Takes connections from one listener for one loop. When the system has no descriptor or memory to spare it pauses for a tick,
/// and the connections wait in the queue.
final class Acceptor {
  let listener: Listener
  private(set) var isPaused = false
  private unowned let loop: EventLoop
  private let token: UInt64
  private let quota: ConnectionQuota
  private let accepted: (Connection) -> Void
  private let failed: (Int32) -> Void

  init(
    loop: EventLoop, listener: Listener, token: UInt64, quota: ConnectionQuota, accepted: @escaping (Connection) -> Void,
    failed: @escaping (Int32) -> Void
  ) {
    self.loop = loop
    self.listener = listener
    self.token = token
    self.quota = quota
    self.accepted = accepted
    self.failed = failed
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
    while acceptNext() {}
    cf_epoll_remove(loop.epoll, listener.descriptor)
    listener.close()
  }

  private func watch() {
    if cf_epoll_add_level(loop.epoll, listener.descriptor, token) != 0 { pause(errno) }
  }

  private func pause(_ code: Int32) {
    failed(code)
    cf_epoll_remove(loop.epoll, listener.descriptor)
    isPaused = true
  }

  private func acceptNext() -> Bool {
    guard let (socket, peer) = listener.accept() else {
      switch errno {
      case EAGAIN: return false
      // The connection died in the queue (accept(2), "Error handling"): the next may be well.
      case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH: return true
      default:
        pause(errno)
        return false
      }
    }
    guard quota.take(for: peer) else {
      socket.close()
      return true
    }
    guard let connection = loop.add(socket, peer, quota) else {
      quota.giveBack(for: peer)
      socket.close()
      return true
    }
    accepted(connection)
    return true
  }
}
