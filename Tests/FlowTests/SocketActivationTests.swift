import Glibc
import Primitives
import Testing
import Transport

@testable import CredentialFlow

@Suite("Sockets that systemd hands over", .timeLimit(.minutes(2)))
struct SocketActivationTests {
  private static func port(_ listener: Listener) -> UInt16 {
    if case .internet(_, let port) = listener.address { port } else { 0 }
  }

  private static func ask(_ connection: Connection, _ path: String) throws -> Answer {
    connection.send(Call.bytes("GET", path, [], nil))
    return try connection.answer()
  }

  @Test("both listeners are served by name, and nobody is refused over a restart")
  func restart() async throws {
    let folder = try TemporaryFolder()
    try await Template.copy(to: folder)
    let world = try Listener(.internet(.loopback, port: 0), isFirst: true)
    let operations = try Listener(.unix(path: "\(folder.path)/operations.sock"), isFirst: true, mode: 0o660)
    defer { [world, operations].forEach { $0.close() } }
    let sockets = [("operations", operations.descriptor), ("public", world.descriptor)]
    var server = try ServerProcess(folder: folder, sockets: sockets)
    for round in 0..<3 {
      let asked = try Connection(port: Self.port(world))
      #expect(try Self.ask(asked, "/healthz").status == 200)
      #expect(try Self.ask(asked, "/readyz").status == 404)
      let inside = try Connection(path: "\(folder.path)/operations.sock")
      #expect(try Self.ask(inside, "/readyz").status == 200)
      #expect(server.stop() == 0, "round \(round)")
      // Nobody is there now; who comes waits.
      let waiting = try (0..<20).map { _ in try Connection(port: Self.port(world)) }
      for connection in waiting { connection.send(Call.bytes("GET", "/healthz", [], nil)) }
      server = try ServerProcess(folder: folder, sockets: sockets)
      for connection in waiting { #expect(try connection.answer().status == 200) }
    }
    #expect(server.stop() == 0)
    #expect(access("\(folder.path)/operations.sock", F_OK) == 0)
  }

  @Test("sockets with names that mean nothing, or that are none, are refused with a reason")
  func refused() async throws {
    let folder = try TemporaryFolder()
    try await Template.copy(to: folder)
    let world = try Listener(.internet(.loopback, port: 0), isFirst: true)
    defer { world.close() }
    let null = open("/dev/null", O_RDONLY)
    defer { close(null) }
    for sockets in [[("web", world.descriptor)], [("public", null)]] {
      let server = try ServerProcess(folder: folder, sockets: sockets)
      var status: Int32 = 0
      waitpid(server.id, &status, 0)
      #expect(status >> 8 & 255 == 1)
    }
    let log = String(decoding: try FileBytes.read("\(folder.path)/log", limit: 1 << 20), as: UTF8.self)
    #expect(log.contains("FileDescriptorName=public") && log.contains("descriptor 3: no listening stream socket"))
  }

  @Test("what is meant for another process is not taken, and what was taken is not handed on")
  func others() throws {
    let meant = ["LISTEN_FDS": "1", "LISTEN_PID": "\(getpid() + 1)", "LISTEN_FDNAMES": "public"]
    #expect(try InheritedSockets(environment: meant).world.isEmpty)
    for count in ["0", "-1", "17", "x", ""] {
      #expect(throws: (any Error).self) { try InheritedSockets(environment: ["LISTEN_FDS": count, "LISTEN_PID": "\(getpid())"]) }
    }
    #expect(throws: (any Error).self) {
      try InheritedSockets(environment: ["LISTEN_FDS": "2", "LISTEN_PID": "\(getpid())", "LISTEN_FDNAMES": "public"])
    }
  }

  @Test("without a descriptor left it turns away who comes, burns no processor time, and serves again when there are some")
  func noDescriptors() async throws {
    let folder = try TemporaryFolder()
    try await Template.copy(to: folder)
    let world = try Listener(.internet(.loopback, port: 0), isFirst: true)
    defer { world.close() }
    let server = try ServerProcess(folder: folder, sockets: [("public", world.descriptor)])
    defer { server.stop() }
    let first = try Connection(port: Self.port(world))
    #expect(try Self.ask(first, "/healthz").status == 200)
    try server.limitDescriptors(to: server.descriptors + 10)
    // Half a request each: they are not idle, and for a second nobody is closed for another.
    let slow = try (0..<60).map { _ in try Connection(port: Self.port(world)) }
    for connection in slow { connection.send(Array("GET /healthz HT".utf8)) }
    // Connections are taken in order. What they are told, the reset may overtake: there is no descriptor to wait with.
    #expect(slow.last?.hasNews(within: 20_000) == true)
    #expect(slow.count { $0.hasNews(within: 20) } >= 30)
    let before = server.processorTicks
    usleep(1_000_000)
    #expect(server.processorTicks - before < 50)
    // By now the slow ones have had their second, and make room.
    let late = try Connection(port: Self.port(world))
    #expect(try Self.ask(late, "/healthz").status == 200)
    try server.limitDescriptors(to: 4096)
    for _ in 0..<50 { #expect(try Self.ask(try Connection(port: Self.port(world)), "/healthz").status == 200) }
  }
}
