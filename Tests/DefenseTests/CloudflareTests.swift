import Defense
import Primitives
import Synchronization
import Telemetry
import Testing

@Suite("Cloudflare's ranges")
struct CloudflareTests {
  static func answer(_ v4: [String], _ v6: [String], etag: String = "\"e1\"", success: String = "true") -> String {
    func list(_ texts: [String]) -> String { "[" + texts.map { "\"\($0)\"" }.joined(separator: ",") + "]" }
    return
      #"{"result":{"ipv4_cidrs":\#(list(v4)),"ipv6_cidrs":\#(list(v6)),"etag":\#(etag)},"success":\#(success),"errors":[],"messages":[]}"#
  }

  static let builtIn = CloudflareRanges.builtIn.networks.map(\.description)
  static let v4 = builtIn.filter { !$0.contains(":") }
  static let v6 = builtIn.filter { $0.contains(":") }
  static let good = answer(v4 + ["198.41.0.0/17"], v6)

  @Test("the built-in list is whole, and is what the parser takes")
  func builtInList() throws {
    #expect(Self.v4.count == 15 && Self.v6.count == 7)
    let read = try CloudflareRanges(fetched: Array(Self.answer(Self.v4, Self.v6).utf8))
    #expect(read.networks == CloudflareRanges.builtIn.networks && read.etag == "e1")
  }

  @Test(
    "what is not Cloudflare's list, or would believe strangers, is refused",
    arguments: [
      "", "null", "[]", "{}", "<html></html>", "\u{feff}{}", good + "x", String(good.dropLast()),
      good.replacing("true", with: "false"), good.replacing("true", with: "1"), good.replacing("true", with: #""true""#),
      good.replacing(#""etag":"e1""#, with: #""etag":1"#), good.replacing(#"{"result":"#, with: #"{"results":"#),
      answer(v4, v6, etag: #""""#), answer(v4, v6, etag: #""a b""#), answer(v4, v6, etag: "null"),
      answer(v4, v6, etag: "\"\(String(repeating: "e", count: 129))\""),
      answer([], v6), answer([], []), answer(Array(v4.prefix(4)), []), answer(v4 + v4, v6), answer(v4 + v6, []), answer(v6, v4),
      answer((0..<200).map { "104.\($0).0.0/24" }, v6), answer(v4 + ["0.0.0.0/0"], v6), answer(v4 + ["128.0.0.0/1"], v6),
      answer(v4 + ["8.0.0.0/9"], v6),
      answer(v4 + ["1.0.0.0/10", "2.0.0.0/10", "3.0.0.0/10", "4.0.0.0/10"], v6), answer(v4, v6 + ["::/0"]), answer(v4, v6 + ["2000::/3"]),
      answer(v4, v6 + ["2600::/23"]), answer(v4, v6 + ["::ffff:0:0/96"]), answer(v4, v6 + ["fe80::/32"]), answer(v4, v6 + ["fc00::/32"]),
      answer(v4, v6 + ["2001:db8::/32"]), answer(v4, v6 + ["2002:7f00::/24"]), answer(v4, v6 + ["::1"]), answer(v4, v6 + ["64:ff9b::/96"]),
      answer(v4 + ["127.0.0.1/32"], v6), answer(v4 + ["127.0.0.0/10"], v6), answer(v4 + ["10.0.0.0/10"], v6),
      answer(v4 + ["192.168.1.0/24"], v6),
      answer(v4 + ["172.16.0.0/12"], v6), answer(v4 + ["169.254.0.0/16"], v6), answer(v4 + ["100.64.0.0/10"], v6),
      answer(v4 + ["224.0.0.0/24"], v6),
      answer(v4 + ["255.255.255.255"], v6), answer(v4 + ["0.0.0.0/32"], v6), answer(v4 + ["198.51.100.0/24"], v6),
      answer(v4 + ["104.16.0.1/13"], v6),
      answer(v4 + ["104.16.0.0/013"], v6), answer(v4 + ["104.16.0.0/33"], v6), answer(v4 + ["104.16.0.0/-1"], v6),
      answer(v4 + ["104.16.0.0/+13"], v6),
      answer(v4 + ["104.16/13"], v6), answer(v4 + [" 104.32.0.0/13"], v6), answer(v4 + [""], v6), answer(v4 + ["example.com"], v6),
      answer(v4 + ["0150.16.0.0/13"], v6), answer(v4 + [String(repeating: "1", count: 100_000)], v6),
      good.replacing(#""173.245.48.0/20""#, with: "173"), good.replacing(#"["173.245.48.0/20""#, with: #"[["173.245.48.0/20"]"#),
      good.replacing(#""success":"#, with: #""success":true,"success":"#),
    ])
  func refuses(_ text: String) {
    #expect(throws: CloudflareListError.self) { try CloudflareRanges(fetched: Array(text.utf8)) }
  }

  /// A list somewhere, and a server that follows it.
  private final class Scene: Sendable {
    struct State {
      var answers: [Result<(status: Int, body: String), any Error>] = []
      var asked: [String] = []
      var applied: [CloudflareRanges] = []
      var time = Instant(unixSeconds: 1_800_000_000)
    }

    let state = Mutex(State())
    let log = LogRecorder()

    func refresh(from ranges: CloudflareRanges = .builtIn) throws -> CloudflareRefresh {
      let settings = try CloudflareSettings(
        from: SettingsReader(["rangesURL": .string("http://127.0.0.1:1/ips")]) { _ throws(SettingsError) in [] })
      return CloudflareRefresh(
        settings, from: ranges,
        fetch: { url, etag in
          let answer = self.state.withLock { state in
            state.asked.append("\(url) \(etag)")
            return state.answers.isEmpty ? .failure(Unreachable()) : state.answers.removeFirst()
          }
          let (status, body) = try answer.get()
          return (status, Array(body.utf8))
        }, apply: { ranges, _ in self.state.withLock { $0.applied.append(ranges) } }, log: log.log(),
        now: Now { self.state.withLock { $0.time } })
    }

    struct Unreachable: Error {}

    func answers(_ status: Int, _ body: String) { state.withLock { $0.answers.append(.success((status, body))) } }
    func advance(_ duration: Duration) { state.withLock { $0.time = $0.time + duration } }
    var asked: [String] { state.withLock { $0.asked } }
    var applied: [CloudflareRanges] { state.withLock { $0.applied } }
  }

  @Test("a new list is put in force, the same one changes nothing, and each is asked for with its etag about once a day")
  func follows() async throws {
    let scene = Scene()
    let refresh = try scene.refresh()
    scene.answers(200, Self.good)
    scene.advance(.seconds(61))
    await refresh.runIfDue()
    #expect(scene.asked == ["http://127.0.0.1:1/ips "] && scene.applied.map(\.networks.count) == [23] && refresh.ranges.etag == "e1")
    scene.advance(.hours(21))
    await refresh.runIfDue()
    #expect(scene.asked.count == 1)
    scene.answers(304, "")
    scene.advance(.hours(6))
    await refresh.runIfDue()
    scene.answers(200, Self.answer(Self.v4, Self.v6))
    scene.advance(.hours(27))
    await refresh.runIfDue()
    #expect(scene.asked.count == 3 && scene.asked.last == "http://127.0.0.1:1/ips e1" && scene.applied.count == 1)
    scene.answers(200, Self.answer(Self.v4, Self.v6, etag: #""e2""#))
    scene.advance(.hours(27))
    await refresh.runIfDue()
    #expect(scene.applied.map(\.networks.count) == [23, 22] && refresh.ranges.etag == "e2")
  }

  @Test("whatever goes wrong, the ranges in force stay, and the pause before the next try grows")
  func keeps() async throws {
    let scene = Scene()
    let refresh = try scene.refresh()
    let own = (0..<10).map { "45.\($0).0.0/16" }
    for (status, body) in [
      (500, Self.good), (200, ""), (200, Self.answer(["0.0.0.0/0"] + Self.v4, Self.v6)), (302, Self.good), (204, ""), (304, ""),
      // A good list, of somebody else's networks.
      (200, Self.answer(own, [])), (200, Self.answer(own + Self.v4.prefix(7), [])),
    ] { scene.answers(status, body) }
    // The last one is not answered at all.
    for number in 1...9 {
      scene.advance(.hours(27))
      await refresh.runIfDue()
      #expect(scene.asked.count == number)
    }
    #expect(refresh.ranges == .builtIn && scene.applied.isEmpty)
    scene.answers(200, Self.good)
    scene.advance(.hours(15))
    await refresh.runIfDue()
    #expect(scene.asked.count == 9)
    scene.advance(.hours(12))
    await refresh.runIfDue()
    #expect(scene.applied.count == 1)
  }

  @Test("after one failure it tries again in minutes")
  func retries() async throws {
    let scene = Scene()
    let refresh = try scene.refresh()
    scene.advance(.seconds(61))
    await refresh.runIfDue()
    scene.advance(.seconds(260))
    await refresh.runIfDue()
    #expect(scene.asked.count == 1)
    scene.answers(200, Self.good)
    scene.advance(.seconds(80))
    await refresh.runIfDue()
    #expect(scene.asked.count == 2 && scene.applied.count == 1)
  }
}
