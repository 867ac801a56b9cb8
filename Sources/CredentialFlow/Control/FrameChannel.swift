internal import CLinux
internal import Glibc
internal import Primitives

/// Why a control connection was given up.
enum ControlError: Error, Equatable {
  case timedOut
  case closed
  /// A frame announced more bytes than its place allows.
  case oversized(announced: Int, limit: Int)
  case malformed
  case failed(String)

  /// For the person at the other end.
  var explanation: String {
    switch self {
    case .timedOut: "it took too long"
    case .closed: "the connection was closed early"
    case .oversized(let announced, let limit): "\(announced) bytes are over the limit of \(limit)"
    case .malformed: "the message is not one of this program's version"
    case .failed(let reason): reason
    }
  }
}

/// A connected Unix socket that carries frames: four bytes of length, most significant first, then the bytes. Every call blocks
/// its thread until its deadline, so none is made on an event loop.
struct FrameChannel: ~Copyable, Sendable {
  private let descriptor: Int32
  private let isOwned: Bool

  /// Takes over `descriptor`, which is closed with the channel.
  init(descriptor: Int32) {
    self.descriptor = descriptor
    isOwned = true
  }

  /// Leaves closing to the caller.
  init(borrowing descriptor: Int32) {
    self.descriptor = descriptor
    isOwned = false
  }

  deinit { if isOwned { close(descriptor) } }

  /// Whose process is at the other end.
  func peerUser() throws(ControlError) -> uid_t {
    var user = uid_t.max
    guard cf_peer_user(descriptor, &user) == 0 else { throw .failed("SO_PEERCRED: \(SystemError.text(errno))") }
    return user
  }

  func send(_ bytes: [UInt8], within timeout: Duration) throws(ControlError) {
    let deadline = ContinuousClock.now + timeout
    try sendBytes(lengthPrefix(bytes.count), deadline)
    try sendBytes(bytes, deadline)
  }

  /// The secret goes out of its own memory; nothing is copied here.
  func send(_ secret: Secret?, within timeout: Duration) throws(ControlError) {
    let deadline = ContinuousClock.now + timeout
    try sendBytes(lengthPrefix(secret?.count ?? 0), deadline)
    try secret?.withBytes { (bytes) throws(ControlError) in try write(bytes, deadline) }
  }

  func receive(limit: Int, within timeout: Duration) throws(ControlError) -> [UInt8] {
    let deadline = ContinuousClock.now + timeout
    let count = try receiveLength(limit, deadline)
    var bytes = [UInt8](repeating: 0, count: count)
    try read(into: &bytes, deadline)
    return bytes
  }

  func receiveSecret(limit: Int, within timeout: Duration) throws(ControlError) -> Secret {
    var bytes = try receive(limit: limit, within: timeout)
    defer { Secret.wipe(&bytes) }
    return Secret(copying: bytes)
  }

  private func lengthPrefix(_ count: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
  }

  private func receiveLength(_ limit: Int, _ deadline: ContinuousClock.Instant) throws(ControlError) -> Int {
    var prefix = [UInt8](repeating: 0, count: 4)
    try read(into: &prefix, deadline)
    let count = prefix.reduce(0) { $0 << 8 | Int($1) }
    guard count <= limit else { throw .oversized(announced: count, limit: limit) }
    return count
  }

  private func sendBytes(_ bytes: [UInt8], _ deadline: ContinuousClock.Instant) throws(ControlError) {
    try bytes.withUnsafeBufferPointer { (buffer) throws(ControlError) in try write(UnsafeRawBufferPointer(buffer), deadline) }
  }

  private func write(_ bytes: UnsafeRawBufferPointer, _ deadline: ContinuousClock.Instant) throws(ControlError) {
    var sent = 0
    while sent < bytes.count {
      try wait(for: POLLOUT, until: deadline)
      let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
      let count = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard count > 0 else { throw errno == EPIPE || errno == ECONNRESET ? .closed : .failed(SystemError.text(errno)) }
      sent += count
    }
  }

  private func read(into bytes: inout [UInt8], _ deadline: ContinuousClock.Instant) throws(ControlError) {
    var received = 0
    while received < bytes.count {
      try wait(for: POLLIN, until: deadline)
      let count = bytes.withUnsafeMutableBytes { buffer in
        recv(descriptor, buffer.baseAddress?.advanced(by: received), buffer.count - received, Int32(MSG_DONTWAIT))
      }
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard count >= 0 else { throw errno == ECONNRESET ? .closed : .failed(SystemError.text(errno)) }
      guard count > 0 else { throw .closed }
      received += count
    }
  }

  private func wait(for events: Int32, until deadline: ContinuousClock.Instant) throws(ControlError) {
    while true {
      let remaining = (deadline - ContinuousClock.now).inMicroseconds
      guard remaining > 0 else { throw .timedOut }
      var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
      let ready = poll(&entry, 1, Int32(clamping: remaining / 1000 + 1))
      if ready > 0 { return }
      guard ready == 0 || errno == EINTR else { throw .failed(SystemError.text(errno)) }
    }
  }
}
