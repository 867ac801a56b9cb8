internal import Primitives

/// The caller's end of the control socket.
enum ControlClient {
  /// Sends `request` to the server at `path` and waits for the end of the command. `nil` where no server listens there.
  static func send(
    _ request: ControlRequest, to path: String, within timeout: Duration = ControlLimit.replyTimeout
  ) throws(ControlError) -> ControlReply? {
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
