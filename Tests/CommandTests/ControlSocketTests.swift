import Glibc
import Primitives
import Testing

@testable import CredentialFlow

@Suite struct ControlSocketTests {
  private let folder: TemporaryFolder
  private var path: String { "\(folder.path)/control.sock" }

  init() throws { folder = try TemporaryFolder() }

  @Test("a request arrives whole, with its secret, and the reply comes back as it was")
  func roundTrip() async throws {
    let reply = ControlReply(status: .refused, output: "ä\n\u{1}\"\\", errors: "why")
    let server = try ControlServer(path: path) { request in
      guard request.words == ["user", "add", "ada"], request.isTerminal,
        request.input?.isEqual(to: Secret(copying: "pass\0word".utf8)) == true
      else { return ControlReply(status: .usage, output: "", errors: "not as sent") }
      return reply
    }
    defer { server.stop() }
    let request = ControlRequest(words: ["user", "add", "ada"], isTerminal: true, input: Secret(copying: "pass\0word".utf8))
    #expect(try await ControlClient.send(request, to: path) == reply)
    #expect(TemporaryFolder.mode(path) == 0o600)
  }

  @Test("no server, or one that has ended, is told apart from a refusal")
  func absent() async throws {
    let request = ControlRequest(words: [], isTerminal: false, input: nil)
    #expect(try await ControlClient.send(request, to: path) == nil)
    try folder.write("control.sock", "")
    #expect(try await ControlClient.send(request, to: path) == nil)
    let server = try ControlServer(path: path) { _ in ControlReply(status: .done, output: "", errors: "") }
    #expect(try await ControlClient.send(request, to: path)?.status == .done)
    server.stop()
    #expect(try await ControlClient.send(request, to: path) == nil)
  }

  @Test("another user is refused before anything is read")
  func foreignUser() async throws {
    let server = try ControlServer(path: path, mayConnect: { _ in false }) { _ in ControlReply(status: .done, output: "ran", errors: "") }
    defer { server.stop() }
    let reply = try await ControlClient.send(ControlRequest(words: ["x"], isTerminal: false, input: nil), to: path)
    #expect(reply?.status == .refused && reply?.output == "")
    #expect(reply?.errors.contains("only root and the server's own user") == true)
  }

  @Test("a frame that announces too much is refused without waiting for it")
  func oversized() async throws {
    let server = try ControlServer(path: path) { _ in ControlReply(status: .done, output: "ran", errors: "") }
    defer { server.stop() }
    let words = [String(repeating: "x", count: ControlLimit.requestBytes)]
    let reply = try await ControlClient.send(ControlRequest(words: words, isTerminal: false, input: nil), to: path)
    #expect(reply?.errors.contains("over the limit") == true)
    let input = Secret(count: ControlLimit.inputBytes + 1) { _ in }
    let other = try await ControlClient.send(ControlRequest(words: [], isTerminal: false, input: input), to: path)
    #expect(other?.errors.contains("over the limit") == true)
  }

  @Test("a request that does not arrive in time is given up, and the next caller is served")
  func deadline() async throws {
    let server = try ControlServer(path: path, transferTimeout: .milliseconds(50)) { _ in
      ControlReply(status: .done, output: "", errors: "")
    }
    defer { server.stop() }
    let told = try await #require(try RawConnection(path)).reply()
    #expect(told?.errors.contains("it took too long") == true)
    #expect(try await ControlClient.send(ControlRequest(words: [], isTerminal: false, input: nil), to: path)?.status == .done)
  }

  @Test("what is not a request is refused", arguments: ["", "{}", "[]", "{\"words\":[1],\"isTerminal\":true,\"hasInput\":false}"])
  func malformed(_ json: String) async throws {
    let server = try ControlServer(path: path) { _ in ControlReply(status: .done, output: "ran", errors: "") }
    defer { server.stop() }
    let connection = try #require(try RawConnection(path))
    try connection.send(Array(json.utf8), nil)
    let reply = try await connection.reply()
    #expect(reply?.status == .refused && reply?.output == "")
  }

  @Test("one caller more than the limit is turned away and the others are answered")
  func crowd() async throws {
    let gate = AsyncStream.makeStream(of: Void.self)
    let arrived = AsyncStream.makeStream(of: Void.self)
    let server = try ControlServer(path: path) { _ in
      arrived.continuation.yield()
      for await _ in gate.stream {}
      return ControlReply(status: .done, output: "", errors: "")
    }
    defer { server.stop() }
    let socket = path
    let request = ControlRequest(words: [], isTerminal: false, input: nil)
    var connections: [RawConnection] = []
    for _ in 0..<ControlLimit.connections {
      let connection = try #require(try RawConnection(socket))
      try connection.send(request.json, request.input)
      connections.append(connection)
    }
    var count = 0
    for await _ in arrived.stream {
      count += 1
      if count == ControlLimit.connections { break }
    }
    await #expect(throws: ControlError.closed) { try await ControlClient.send(request, to: socket) }
    gate.continuation.finish()
    for connection in connections {
      let reply = try await connection.reply()
      #expect(reply?.status == .done)
    }
  }

  @Test("a data folder with a very long name has a control socket too")
  func longPath() async throws {
    let deep = folder.path + "/" + String(repeating: "d", count: 120)
    _ = try DataFolder(path: deep).create()
    let server = try ControlServer(path: deep + "/control.sock") { _ in ControlReply(status: .done, output: "", errors: "") }
    defer { server.stop() }
    #expect(
      try await ControlClient.send(ControlRequest(words: [], isTerminal: false, input: nil), to: deep + "/control.sock")?.status == .done)
  }
}

/// A connection that sends what it is told, right or wrong.
private struct RawConnection: Sendable {
  private let descriptor: Int32

  init?(_ path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    let descriptor = descriptor
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    guard connected == 0 else { return nil }
  }

  func send(_ json: [UInt8], _ input: Secret?) throws {
    let channel = FrameChannel(borrowing: descriptor)
    try channel.send(json, within: .seconds(5))
    try channel.send(input, within: .seconds(5))
  }

  /// Waits for the reply and closes.
  func reply() async throws -> ControlReply? {
    let descriptor = descriptor
    let json = try await BlockingCall.run { () throws(ControlError) in
      try FrameChannel(descriptor: descriptor).receive(limit: 4096, within: .seconds(10))
    }
    return ControlReply(json: json)
  }
}
