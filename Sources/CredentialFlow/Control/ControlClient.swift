private import Dispatch
internal import Primitives

/// The caller's end of the control socket.
enum ControlClient {
  /// Sends `request` to the server at `path` and waits for the end of the command. `nil` where no server listens there.
  static func send(
    _ request: ControlRequest, to path: String, within timeout: Duration = ControlLimit.replyTimeout
  ) async throws(ControlError) -> ControlReply? {
    try await BlockingCall.run { () throws(ControlError) in try exchange(request, path, timeout) }
  }

  private static func exchange(_ request: ControlRequest, _ path: String, _ timeout: Duration) throws(ControlError) -> ControlReply? {
    guard let channel = try ControlSocket.connect(to: path) else { return nil }
    do {
      try channel.send(request.json, within: ControlLimit.transferTimeout)
      try channel.send(request.input, within: ControlLimit.transferTimeout)
    } catch .closed {
      // Refused before all was sent; the reply below says why.
    }
    var json = try channel.receive(limit: ControlLimit.replyBytes, within: timeout)
    defer { Secret.wipe(&json) }
    guard let reply = ControlReply(json: json) else { throw .malformed }
    return reply
  }
}

/// Waiting on a socket, on a thread that may wait: those of Swift's pool are as few as the cores.
enum BlockingCall {
  static func run<Value: Sendable, Failure: Error>(
    _ body: @escaping @Sendable () throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    let result = await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(returning: Result { () throws(Failure) in try body() })
      }
    }
    return try result.get()
  }
}
