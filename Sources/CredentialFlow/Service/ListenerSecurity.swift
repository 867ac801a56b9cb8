internal import Primitives
internal import Telemetry
internal import Transport

/// The TLS of both listeners; `nil` where one is plain.
struct ListenerSecurity: Sendable {
  /// What both are to be, with every path resolved.
  struct Settings: Sendable, Equatable {
    let world: TLSSettings
    let operations: TLSSettings
  }

  let world: LiveTLS?
  let operations: LiveTLS?

  /// Opens certificates and keys. Throws what is wrong with them.
  init(_ settings: Settings, log: Log, now: Now) throws(TLSError) {
    world = try Self.live(settings.world, "public", log, now)
    operations = try Self.live(settings.operations, "operations", log, now)
  }

  /// What is not right and not wrong enough to refuse.
  var warnings: [String] { (world?.warnings ?? []) + (operations?.warnings ?? []) }

  /// Looks whether a file has changed. Blocks for a moment.
  func refresh() {
    world?.refresh()
    operations?.refresh()
  }

  /// Opens every file anew. A listener that was plain at the start stays so, and one that spoke TLS goes on; what it could not start
  /// with the next time is told now.
  func reload(_ settings: Settings, log: Log) {
    for (live, settings, listener) in [(world, settings.world, "public"), (operations, settings.operations, "operations")] {
      if let live {
        if settings.isEnabled { live.reload(settings) }
        continue
      }
      do throws(TLSError) {
        _ = try Self.live(settings, listener, .discarding, .system)
      } catch {
        log.error("tls_would_not_start", ("listener", .string(listener)), ("detail", .string("\(error)")))
      }
    }
  }

  private static func live(_ settings: TLSSettings, _ listener: String, _ log: Log, _ now: Now) throws(TLSError) -> LiveTLS? {
    guard settings.isEnabled else { return nil }
    return try LiveTLS(settings, listener: listener, protocols: [.http2, .http1], log: log, now: now)
  }
}
