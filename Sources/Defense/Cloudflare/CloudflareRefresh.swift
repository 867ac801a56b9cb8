package import Primitives
private import Synchronization
package import Telemetry

/// Keeps Cloudflare's ranges up to date: looks at the list when it is due, and puts it in force where it is a better one. Whatever
/// goes wrong, the ranges in force stay.
package final class CloudflareRefresh: Sendable {
  /// What a look at the list came to: a status and a body. `etag`: of the list in force, empty where it has none.
  package typealias Fetch = @Sendable (_ url: String, _ etag: String) async throws -> (status: Int, body: [UInt8])

  private struct State {
    var ranges: CloudflareRanges
    var dueAt: Instant
    var failures = 0
  }

  private static let firstRetry = Duration.seconds(300)
  /// Before the first look: servers that start together do not ask together.
  private static let startSpread = Duration.seconds(60)

  private let settings: CloudflareSettings
  private let fetch: Fetch
  private let apply: @Sendable (CloudflareRanges, _ body: [UInt8]) throws -> Void
  private let log: Log
  private let now: Now
  /// Held for reading or replacing the state, never while the list is fetched. Only one task runs `runIfDue`.
  private let state: Mutex<State>

  /// `apply` puts ranges in force and keeps their list for the next start.
  package init(
    _ settings: CloudflareSettings, from ranges: CloudflareRanges, fetch: @escaping Fetch,
    apply: @escaping @Sendable (CloudflareRanges, _ body: [UInt8]) throws -> Void, log: Log, now: Now
  ) {
    self.settings = settings
    self.fetch = fetch
    self.apply = apply
    self.log = log
    self.now = now
    state = Mutex(State(ranges: ranges, dueAt: now() + Self.startSpread * Double.random(in: 0...1)))
  }

  package var ranges: CloudflareRanges { state.withLock { $0.ranges } }

  package func runIfDue() async {
    let (current, isDue) = state.withLock { ($0.ranges, now() >= $0.dueAt) }
    guard isDue else { return }
    do {
      let (status, body) = try await fetch(settings.rangesURL, current.etag)
      let ranges = try judge(status, body, current)
      if let ranges {
        try apply(ranges, body)
        log.info("cloudflare_ranges", ("networks", .integer(ranges.networks.count)), ("etag", .string(ranges.etag)))
      }
      state.withLock { state in
        state.ranges = ranges ?? current
        state.failures = 0
        state.dueAt = now() + settings.rangesInterval * Double.random(in: 0.9...1.1)
      }
    } catch {
      let pause = state.withLock { state in
        state.failures += 1
        let pause = Self.pause(after: state.failures, interval: settings.rangesInterval)
        state.dueAt = now() + pause * Double.random(in: 0.9...1.1)
        return pause
      }
      log.warning(
        "cloudflare_ranges_kept", ("fault", .string("\(error)")), ("networks", .integer(current.networks.count)),
        ("retry_in_s", .integer(Int(pause.inSeconds))))
    }
  }

  /// `nil` where nothing has changed.
  private func judge(_ status: Int, _ body: [UInt8], _ current: CloudflareRanges) throws -> CloudflareRanges? {
    if status == 304, !current.etag.isEmpty { return nil }
    guard status == 200 else { throw CloudflareListError("the answer has status \(status)") }
    let ranges = try CloudflareRanges(fetched: body)
    if ranges.etag == current.etag { return nil }
    guard ranges.mayFollow(current) else { throw CloudflareListError("the list has less than half of the networks in force") }
    return ranges
  }

  /// Twice as long after each failure, at most the interval itself.
  static func pause(after failures: Int, interval: Duration) -> Duration {
    min(interval, firstRetry * (1 << min(failures - 1, 16)))
  }
}
