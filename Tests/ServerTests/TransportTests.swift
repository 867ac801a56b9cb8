import Glibc
import HTTP
import Primitives
import Server
import Telemetry
import Testing
import Transport

@Suite("transport")
struct TransportTests {
  @Test("a deadline comes up at its tick, moves either way, and is cancelled")
  func keepsDeadlines() {
    var wheel = TimerWheel(now: 10)
    var expired: [Int] = []
    wheel.schedule(1, at: 12)
    wheel.schedule(2, at: 12)
    wheel.schedule(3, at: 5000)
    wheel.schedule(4, at: 20)
    wheel.schedule(4, at: 11)
    wheel.schedule(2, at: 14)
    wheel.schedule(5, at: 13)
    wheel.cancel(5)
    #expect(wheel.nextTick == 11)
    wheel.advance(to: 11, expired: &expired)
    #expect(expired == [4])
    wheel.advance(to: 13, expired: &expired)
    #expect(expired == [4, 1])
    wheel.advance(to: 4999, expired: &expired)
    #expect(expired == [4, 1, 2])
    wheel.advance(to: 6000, expired: &expired)
    #expect(expired == [4, 1, 2, 3])
    #expect(wheel.isEmpty)
    #expect(wheel.nextTick == nil)
  }

  @Test("the wheel agrees with a plain list of deadlines over random schedules")
  func agreesWithAList() {
    var random = SystemRandomNumberGenerator()
    var wheel = TimerWheel(now: 1)
    var list: [Int: UInt32] = [:]
    var now: UInt32 = 1
    for _ in 0..<2000 {
      let id = Int.random(in: 0..<50, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        wheel.cancel(id)
        list[id] = nil
      case 1:
        now += UInt32.random(in: 1...(Bool.random(using: &random) ? 5 : 1500), using: &random)
        var expired: [Int] = []
        wheel.advance(to: now, expired: &expired)
        let expected = list.filter { $0.value <= now }.keys.sorted()
        #expect(expired.sorted() == expected)
        for id in expected { list[id] = nil }
      default:
        let tick = now + UInt32.random(in: 1...3000, using: &random)
        wheel.schedule(id, at: tick)
        list[id] = tick
      }
    }
  }

  @Test("reads the address forms that it writes, and no other")
  func readsAddresses() throws {
    for text in ["127.0.0.1:8080", "[::1]:0", "unix:/run/a.sock"] { #expect(ListenAddress(text)?.description == text) }
    #expect(ListenAddress("*:80")?.description == "[::]:80")
    for text in [
      "", "8080", "127.0.0.1", "a:80", "::1:80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "unix:", "[::1:80",
    ] {
      #expect(ListenAddress(text) == nil, "\(text)")
    }
    #expect(IPAddress("::ffff:192.0.2.1") == IPAddress("192.0.2.1"))
    #expect(IPAddress("2001:db8::1")?.site == IPAddress("2001:db8::2")?.site)
    let sites = ["2001:db8::1", "2001:db8:1:2:3::4", "192.0.2.1"].compactMap { IPAddress($0) }
      .map { ClientAddress(of: .internet($0, port: 1)).siteDescription }
    #expect(sites == ["2001:db8::/64", "2001:db8:1:2::/64", "192.0.2.1"])
    #expect(ClientAddress(of: .local).siteDescription == "local")
    for text in ["01.2.3.4", "1.2.3", "1.2.3.4 ", "fe80::1%eth0", "[::1]", "1.2.3.4:5", "", "\0"] {
      #expect(IPAddress(text) == nil, "\(text)")
    }
  }

  @Test("a second server cannot take a Unix-domain socket that is served, but replaces a dead one")
  func ownsUnixSockets() async throws {
    let folder = "/tmp/cf-\(UInt64.random(in: 0 ... .max))"
    mkdir(folder, 0o700)
    defer { rmdir(folder) }
    let address = ListenAddress.unix(path: "\(folder)/s")
    let first = try Self.server()
    let second = try Self.server()
    #expect(try first.start(on: [address]) == [address])
    #expect(throws: ListenError.self) { try second.start(on: [address]) }
    await first.drain(within: .seconds(1))
    #expect(try second.start(on: [address]) == [address])
    await second.drain(within: .seconds(1))
  }

  @Test("work posted from many threads runs on the loop, all of it, and a task's body runs there too")
  func runsPostedWork() async throws {
    let loop = try EventLoop(label: "test")
    loop.start()
    let count = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<1000 {
        group.addTask { await withCheckedContinuation { done in loop.execute { done.resume(returning: loop.isCurrent) } } }
      }
      return await group.reduce(0) { $1 ? $0 + 1 : $0 }
    }
    #expect(count == 1000)
    let isOnLoop = await Task(executorPreference: loop) {
      await Task.yield()
      try? await Task.sleep(for: .milliseconds(1))
      return loop.isCurrent
    }.value
    #expect(isOnLoop)
    #expect(!loop.isCurrent)
    loop.stop()
  }

  private static func server() throws -> HTTPServer {
    try HTTPServer(settings: ServerSettings(), routes: [], log: .discarding, now: .system)
  }
}
