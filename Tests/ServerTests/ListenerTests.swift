import Dispatch
import Glibc
import Primitives
import Server
import Telemetry
import Testing
import Transport

@Suite("A socket that was handed over", .timeLimit(.minutes(1)))
struct InheritedListenerTests {
  @Test("is served by every loop, outlives the server, and its queue waits for the next one")
  func outlives() async throws {
    let owner = try Listener(.internet(.loopback, port: 0), isFirst: true)
    defer { owner.close() }
    let fixture = try Fixture(inheriting: dup(owner.descriptor))
    #expect(fixture.address == owner.address)
    let clients = try (0..<50).map { _ in try fixture.client() }
    for client in clients {
      client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.answer().status == 200)
    }
    await fixture.server.drain(within: .milliseconds(100))
    let waiting = try fixture.client()
    waiting.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    let next = try Fixture(inheriting: dup(owner.descriptor))
    #expect(try waiting.answer().status == 200)
    await next.server.drain(within: .milliseconds(100))
    _ = try fixture.client()
  }

  @Test("must listen, and be a stream")
  func refused() throws {
    for kind in [SOCK_STREAM, SOCK_DGRAM] {
      let descriptor = socket(AF_INET, Int32(kind.rawValue), 0)
      defer { close(descriptor) }
      #expect(throws: ListenError.self) { try Listener(inheriting: descriptor) }
    }
    let file = open("/dev/null", O_RDWR)
    defer { close(file) }
    #expect(throws: ListenError.self) { try Listener(inheriting: file) }
    #expect(throws: ListenError.self) { try Listener(inheriting: 1_000_000) }
  }
}

@Suite("A Unix-domain listener")
struct UnixListenerTests {
  private static func path() -> String { "/tmp/credentialflow-listener-\(getpid())-\(UInt32.random(in: 0...UInt32.max))" }

  @Test("has the mode that is asked for from the first moment, and takes its file away", arguments: [0o600, 0o660, 0o666] as [UInt32])
  func mode(bits: UInt32) throws {
    let path = Self.path()
    let listener = try Listener(.unix(path: path), isFirst: true, mode: bits)
    var status = stat()
    #expect(lstat(path, &status) == 0 && status.st_mode & 0o777 == bits && status.st_mode & S_IFMT == S_IFSOCK)
    #expect(throws: ListenError.self) { try Listener(.unix(path: path), isFirst: true) }
    listener.close()
    #expect(lstat(path, &status) != 0)
  }

  @Test("replaces what a dead process left, and nothing but a socket")
  func leftovers() throws {
    let path = Self.path()
    let file = open(path, O_CREAT | O_WRONLY, 0o600)
    close(file)
    #expect(throws: ListenError.self) { try Listener(.unix(path: path), isFirst: true) }
    var status = stat()
    #expect(lstat(path, &status) == 0)
    unlink(path)
    let dead = try Listener(.unix(path: path), isFirst: true)
    close(dead.descriptor)
    let listener = try Listener(.unix(path: path), isFirst: true)
    listener.close()
  }
}
