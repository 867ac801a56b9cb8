internal import CLinux
private import Glibc
package import Primitives

/// One accepted socket on its loop: reads into the loop's shared buffer, keeps only what could not be written at once.
///
/// `@unchecked Sendable`: touched only on its loop; a `Task` may carry it from there and back to there.
package final class Connection: @unchecked Sendable {
  /// Full reads in one turn before the others get theirs.
  private static let mostReadsPerTurn = 4

  package let loop: EventLoop
  /// Who stands at the other end, or who a configured proxy there has announced.
  package private(set) var peer: PeerAddress
  /// Whether `peer` is of a proxy's header.
  package private(set) var isPeerAnnounced = false
  package var client: (any ConnectionClient)?
  /// What TLS found out; `nil` on a plain connection.
  var security: ConnectionSecurity?
  let slot: Int
  var socket: Socket
  /// `nil` once there is a client.
  var entrance: ConnectionEntrance?
  /// `nil` for a connection that is only told that there is no room.
  private let quota: ConnectionQuota?
  /// Bytes of requests that the client holds before they are answered, and of how many requests.
  private(set) var heldInput = 0
  private(set) var heldRequests = 1
  private var output: [UInt8] = []
  private var outputStart = 0
  var isReadable = false
  private(set) var isPeerDone = false
  private var isPaused = false
  private var isReading = false
  private var isEndReported = false
  /// What is sent is the last; what comes is thrown away until the peer closes or the deadline passes.
  private var isLingering = false
  private var lingering = Lingering()
  package private(set) var isClosed = false
  /// The tick at which the deadline was set or taken away.
  private(set) var phaseBegan: UInt32

  init(loop: EventLoop, slot: Int, socket: Socket, peer: PeerAddress, quota: ConnectionQuota?) {
    self.loop = loop
    self.slot = slot
    self.socket = socket
    self.peer = peer
    self.quota = quota
    phaseBegan = loop.tick
  }

  /// The peer speaks for `client`, who is the peer from now on. `false` where that address has as many connections as it may.
  func announce(_ client: PeerAddress) -> Bool {
    guard let quota, quota.move(from: peer, to: client) else { return false }
    peer = client
    isPeerAnnounced = true
    return true
  }

  /// The protocol that client and server agreed on in the handshake (ALPN); `nil` where they did not say.
  package var negotiatedProtocol: ApplicationProtocol? { security?.negotiatedProtocol }

  /// The client's certificate, which was verified; `nil` where there is none.
  package var clientCertificate: ClientCertificate? { security?.clientCertificate }

  /// Whether bytes wait for the peer to read.
  package var hasOutput: Bool { outputStart < output.count }

  /// Sends, or keeps what the socket does not take. The caller stops producing while `hasOutput`.
  package func write(_ bytes: UnsafeRawBufferPointer) {
    guard !isClosed, !isLingering else { return }
    var sent = 0
    if !hasOutput {
      switch socket.send(bytes) {
      case .bytes(let count): sent = count
      case .wouldBlock: break
      case .ended, .failed: return close()
      }
    }
    guard sent < bytes.count else { return }
    output.append(contentsOf: bytes[sent...])
    loop.hold(bytes.count - sent)
  }

  /// Says how many bytes of how many requests the client holds now. The loop may close the connection for it.
  package func holdInput(_ count: Int, of requests: Int = 1) {
    heldRequests = max(1, requests)
    guard count != heldInput, !isClosed else { return }
    loop.pressure.heldInput += count - heldInput
    heldInput = count
    if loop.pressure.heldInput > loop.pressure.mostHeldInput { loop.relieveInput() }
  }

  func dropSlowInput(since tick: UInt32) {
    guard client?.dropSlowInput(since: tick) != true else { return }
    if worth == .waiting, Int32(bitPattern: tick &- phaseBegan) >= 0 { drop() }
  }

  /// Back-pressure: nothing is read until `resumeReading`.
  package func pauseReading() { isPaused = true }

  package func resumeReading() {
    guard isPaused else { return }
    isPaused = false
    if !isReading { continueReading() }
  }

  /// Replaces the deadline; `nil` takes it away.
  package func setDeadline(after duration: Duration?) {
    guard !isClosed else { return }
    phaseBegan = loop.tick
    if let duration { loop.schedule(slot, after: duration) } else { loop.wheel.cancel(slot) }
  }

  /// Lets the others have their turn; then `proceed` is called.
  package func postpone() { loop.postpone(self) }

  var worth: ConnectionWorth { isLingering ? .idle : client?.worth ?? .waiting }

  /// Closes so that the last answer arrives: closing at once with unread bytes in the socket would make the kernel send a reset
  /// that can overtake the answer (RFC 9112, section 9.6). Call when nothing waits to be written.
  package func closeGently(within timeout: Duration) {
    guard !isClosed, !isLingering else { return }
    if isPeerDone, !isReadable, socket.unsentBytes == 0 { return close() }
    isLingering = true
    lingering.begin(socket.unsentBytes, timeout)
    isPaused = false
    socket.shutdownSending()
    setDeadline(after: timeout)
    if !isReading { continueReading() }
  }

  /// Closes for a peer that has not read what it was sent, and will not: the kernel need not keep that, for whom no limit counts it.
  package func drop() {
    if !isClosed, hasOutput || socket.unsentBytes > 0 { socket.dropUnsent() }
    close()
  }

  package func close() {
    guard !isClosed else { return }
    isClosed = true
    socket.close()
    loop.remove(self)
    if let quota { quota.giveBack(for: peer) } else { loop.pressure.refusals -= 1 }
    entrance?.end(.closed)
    entrance = nil
    client?.closed()
    client = nil
    loop.pressure.heldOutput -= output.count - outputStart
    loop.pressure.heldInput -= heldInput
    output = []
    outputStart = 0
    heldInput = 0
  }

  func expire() {
    if let entrance {
      entrance.end(.timedOut)
      return close()
    }
    guard isLingering else {
      client?.expired()
      return
    }
    if let timeout = lingering.goesOn(socket.unsentBytes) { setDeadline(after: timeout) } else { drop() }
  }

  func handle(flags: UInt32) {
    // TLS may have to write before it can read on: with it, every event is one for both directions.
    if flags & UInt32(CF_READABLE | CF_ENDED) != 0 || socket.secured != nil { isReadable = true }
    if flags & UInt32(CF_ENDED) != 0 { isPeerDone = true }
    if flags & UInt32(CF_FAILED) != 0, isPaused { return close() }
    if hasOutput, flags & UInt32(CF_WRITABLE) != 0 { flush() }
    if !isClosed { continueReading() }
  }

  func continueReading() {
    if let entrance {
      // A socket is writable from the first; that alone means nothing here.
      if isReadable { advance(entrance) }
      return
    }
    isReading = true
    defer { isReading = false }
    for _ in 0..<Self.mostReadsPerTurn {
      guard isReadable, !isPaused, !isClosed else { return }
      readOnce()
    }
    if isReadable, !isPaused, !isClosed { loop.readAgain(self) }
  }

  private func readOnce() {
    switch socket.receive(into: loop.readBuffer) {
    case .bytes(let count):
      // A short read has emptied the socket; the next byte makes a new event. Not so where the end has come already.
      if !socket.hasMore(after: count, of: loop.readBuffer.count), !isPeerDone { isReadable = false }
      // Passwords pass through here; the buffer is every connection's.
      defer { wipe(count) }
      if !isLingering, count > 0 {
        client?.received(UnsafeRawBufferPointer(rebasing: loop.readBuffer[..<count]).bindMemory(to: UInt8.self).span)
      }
    case .wouldBlock: isReadable = false
    case .ended:
      isReadable = false
      isPeerDone = true
      if isLingering {
        // It may go on reading what it was sent.
        if socket.unsentBytes == 0 { close() }
        return
      }
      if !isEndReported {
        isEndReported = true
        client?.ended()
      }
    case .failed: close()
    }
  }

  private func wipe(_ count: Int) { loop.readBuffer.baseAddress.map { _ = memset($0, 0, count) } }

  private func flush() {
    let outcome = output.withUnsafeBytes { socket.send(UnsafeRawBufferPointer(rebasing: $0[outputStart...])) }
    switch outcome {
    case .bytes(let count):
      outputStart += count
      loop.pressure.heldOutput -= count
    case .wouldBlock: return
    case .ended, .failed: return close()
    }
    guard !hasOutput else { return }
    output = []
    outputStart = 0
    client?.drained()
  }
}
