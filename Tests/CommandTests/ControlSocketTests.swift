import Glibc
import Primitives
import Testing

@testable import CredentialFlow

@Suite struct ControlSocketTests {
  private let folder: TemporaryFolder
  private var path: String { "\(folder.path)/control.sock" }

  init() throws { folder = try TemporaryFolder() }

  @Test("a request arrives whole, with its secret, and the reply comes back as it was")
  func roundTrip() throws {
    let reply = ControlReply(status: .refused, output: "ä\n\u{1}\"\\", errors: "why")
    let server = try ControlServer(path: path) { request in
      guard request.words == ["user", "add", "ada"], request.isTerminal, request.input?.isEqual(to: Secret(copying: "pass\0word".utf8)) == true
      else { return ControlReply(status: .usage, output: "", errors: "not as sent") }
      return reply
    }
    defer { server.stop() }
    let request = ControlRequest(words: ["user", "add", "ada"], isTerminal: true, input: Secret(copying: "pass\0word".utf8))
    #expect(try ControlClient.send(request, to: path) == reply)
    #expect(TemporaryFolder.mode(path) == 0o600)
  }

  @Test("no server, or one that has ended, is told apart from a refusal")
  func absent() throws {
    let request = ControlRequest(words: [], isTerminal: false, input: nil)
    #expect(try ControlClient.send(request, to: path) == nil)
    try folder.write("control.sock", "")
    #expect(try ControlClient.send(request, to: path) == nil)
    let server = try ControlServer(path: path) { _ in ControlReply(status: .done, output: "", errors: "") }
    #expect(try ControlClient.send(request, to: path)?.status == .done)
    server.stop()
    #expect(try ControlClient.send(request, to: path) == nil)
  }

  @Test("another user is refused before anything is read")
  func foreignUser() throws {
    let server = try ControlServer(path: path, mayConnect: { _ in false }) { _ in ControlReply(status: .done, output: "ran", errors: "") }
    defer { server.stop() }
    let reply = try ControlClient.send(ControlRequest(words: ["x"], isTerminal: false, input: nil), to: path)
    #expect(reply?.status == .refused && reply?.output == "")
    #expect(reply?.errors.contains("only root and the server's own user") == true)
  }

  @Test("a frame that announces too much is refused without waiting for it")
  func oversized() throws {
    let server = try ControlServer(path: path) { _ in ControlReply(status: .done, output: "ran", errors: "") }
    defer { server.stop() }
    let words = [String(repeating: "x", count: ControlLimit.requestBytes)]
    let reply = try ControlClient.send(ControlRequest(words: words, isTerminal: false, input: nil), to: path)
    #expect(reply?.errors.contains("over the limit") == true)
    let input = Secret(count: ControlLimit.inputBytes + 1) { _ in }
    let other = try ControlClient.send(ControlRequest(words: [], isTerminal: false, input: input), to: path)
    #expect(other?.errors.contains("over the limit") == true)
  }

  @Test("a request that does not arrive in time is given up, and the next caller is served")
  func deadline() throws {
    let server = try ControlServer(path: path, transferTimeout: .milliseconds(50)) { _ in ControlReply(status: .done, output: "", errors: "") }
    defer { server.stop() }
    let silent = try #require(try ControlSocket.connect(to: path))
    let told = ControlReply(json: try silent.receive(limit: 4096, within: .seconds(10)))
    #expect(told?.errors.contains("it took too long") == true)
    #expect(try ControlClient.send(ControlRequest(words: [], isTerminal: false, input: nil), to: path)?.status == .done)
  }

  @Test("what is not a request is refused", arguments: ["", "{}", "[]", "{\"words\":[1],\"isTerminal\":true,\"hasInput\":false}"])
  func malformed(_ json: String) throws {
    let server = try ControlServer(path: path) { _ in ControlReply(status: .done, output: "ran", errors: "") }
    defer { server.stop() }
    let channel = try #require(try ControlSocket.connect(to: path))
    try channel.send(Array(json.utf8), within: .seconds(5))
    try channel.send(Secret?.none, within: .seconds(5))
    let reply = ControlReply(json: try channel.receive(limit: 4096, within: .seconds(10)))
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
    var channels: [Int32] = []
    for _ in 0..<ControlLimit.connections {
      let channel = try #require(try RawConnection(socket))
      try channel.send(request)
      channels.append(channel.descriptor)
    }
    var count = 0
    for await _ in arrived.stream {
      count += 1
      if count == ControlLimit.connections { break }
    }
    #expect(throws: ControlError.closed) { try ControlClient.send(request, to: socket) }
    gate.continuation.finish()
    for descriptor in channels {
      let channel = FrameChannel(descriptor: descriptor)
      #expect(ControlReply(json: try channel.receive(limit: 4096, within: .seconds(10)))?.status == .done)
    }
  }

  @Test("a data folder with a very long name has a control socket too")
  func longPath() throws {
    let deep = folder.path + "/" + String(repeating: "d", count: 120)
    _ = try DataFolder(path: deep).create()
    let server = try ControlServer(path: deep + "/control.sock") { _ in ControlReply(status: .done, output: "", errors: "") }
    defer { server.stop() }
    #expect(try ControlClient.send(ControlRequest(words: [], isTerminal: false, input: nil), to: deep + "/control.sock")?.status == .done)
  }
}

/// A connection whose descriptor outlives the call that sent its request.
private struct RawConnection {
  let descriptor: Int32

  init?(_ path: String) throws {
    let pair = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard pair >= 0 else { return nil }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(pair, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    guard connected == 0 else { return nil }
    descriptor = pair
  }

  func send(_ request: ControlRequest) throws {
    let channel = FrameChannel(borrowing: descriptor)
    try channel.send(request.json, within: .seconds(5))
    try channel.send(request.input, within: .seconds(5))
  }
}
