/// Something that a connection goes through before it has a client: a proxy's header, a TLS handshake. All calls come on the loop.
///
///     accepted ──▶ stage ──done──▶ stage ──done──▶ opened: `connection.client` is made
///                    └──failed, refused, deadline──▶ closed
package protocol ConnectionStage: AnyObject {
  /// From the stage's beginning to its end.
  var timeout: Duration { get }
  /// Called when the stage begins and whenever an event says that the socket may be readable or writable.
  func advance(_ connection: Connection) -> StageOutcome
  /// The stage is over. `.timedOut` and `.closed` come without an outcome of its own. Called once.
  func ended(_ end: StageEnd)
}

package enum StageOutcome: Sendable {
  /// An event has to come first.
  case waiting
  /// This turn of the loop has done enough of the kind: again in the next.
  case later
  case done
  case failed
  /// This answer goes out as it is, then the connection is closed.
  case refused([UInt8])
}

package enum StageEnd: Sendable { case done, failed, timedOut, closed }

/// What is left of a connection's way to its client: a class, so that a connection without stages is no larger for it.
final class ConnectionEntrance {
  private var stages: ArraySlice<any ConnectionStage>
  let opened: (Connection) -> Void

  init(_ stages: [any ConnectionStage], opened: @escaping (Connection) -> Void) {
    self.stages = stages[...]
    self.opened = opened
  }

  var current: (any ConnectionStage)? { stages.first }

  func end(_ end: StageEnd) {
    guard let stage = stages.popFirst() else { return }
    stage.ended(end)
  }
}

/// The way to the client.
extension Connection {
  /// Goes through `stages`, then calls `opened`, which makes the client.
  package func enter(_ stages: [any ConnectionStage], opened: @escaping (Connection) -> Void) {
    guard let first = stages.first else { return opened(self) }
    entrance = ConnectionEntrance(stages, opened: opened)
    setDeadline(after: first.timeout)
  }

  func advance(_ entrance: ConnectionEntrance) {
    while let stage = entrance.current {
      switch stage.advance(self) {
      case .waiting: return
      case .later: return loop.readAgain(self)
      case .done:
        entrance.end(.done)
        setDeadline(after: entrance.current?.timeout)
      case .failed:
        entrance.end(.failed)
        // What is unread would make the kernel send a reset, which overtakes what was said last, such as an alert of TLS.
        _ = socket.receive(into: loop.readBuffer)
        return close()
      case .refused(let answer):
        entrance.end(.failed)
        self.entrance = nil
        answer.withUnsafeBytes { write($0) }
        return closeGently(within: .seconds(1))
      }
    }
    self.entrance = nil
    // The handshake has read the socket empty, or OpenSSL holds the first request already.
    if socket.secured != nil, !isPeerDone { isReadable = socket.hasMore(after: 0, of: 1) }
    entrance.opened(self)
    if !isClosed { continueReading() }
  }
}
