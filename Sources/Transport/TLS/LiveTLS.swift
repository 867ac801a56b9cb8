package import Primitives
private import Synchronization
package import Telemetry

/// The TLS of one listener while it runs: the context in force, what replaces it, and what is told about it.
package final class LiveTLS: Sendable {
  private struct State: Sendable {
    var settings: TLSSettings
    var context: TLSContext
    var stamps: [String: TLSFile.Stamp]
    var warnedAt: Instant
  }

  /// A certificate that ends sooner is worth a warning a day.
  private static let timeToRenew = Duration.days(14)

  /// Held for a look by each handshake, and for an exchange by a reload.
  private let state: Mutex<State>
  private let listener: String
  private let protocols: [ApplicationProtocol]
  private let tickets: TicketKeys
  let tally = HandshakeTally()
  private let log: Log
  private let now: Now

  /// `listener`: what it is called in the log. `protocols`: what is offered by ALPN, the preferred one first. Throws where a file
  /// cannot be used.
  package init(
    _ settings: TLSSettings, listener: String, protocols: [ApplicationProtocol], tickets: TicketKeys? = nil, log: Log, now: Now
  ) throws(TLSError) {
    let tickets = tickets ?? TicketKeys(now: now)
    let stamps = Self.stamps(settings)
    let context = try TLSContext(settings, protocols: protocols, tickets: tickets, replacing: nil, now: now)
    state = Mutex(State(settings: settings, context: context, stamps: stamps, warnedAt: now()))
    self.listener = listener
    self.protocols = protocols
    self.tickets = tickets
    self.log = log
    self.now = now
    tell(context)
  }

  var context: TLSContext { state.withLock { $0.context } }
  var settings: TLSSettings { state.withLock { $0.settings } }

  /// The certificates in force, the one for unnamed servers first.
  package var certificates: [ServerCertificate] { context.certificates }

  /// What is not right and not wrong enough to refuse.
  package var warnings: [String] { context.warnings }

  /// Whether one is for `TLSSettings.host`, where that is known.
  package var isForHost: Bool { settings.host.isEmpty || context.isFor(settings.host) }

  /// Opens every file anew, under `settings` where they are given, and puts all of it in force or nothing; what was in force stays
  /// where something is wrong, and the log says what. Connections that are open go on as they are. Returns whether it is in force.
  @discardableResult package func reload(_ changed: TLSSettings? = nil) -> Bool {
    let settings = changed ?? settings
    let stamps = Self.stamps(settings)
    do throws(TLSError) {
      let context = try TLSContext(settings, protocols: protocols, tickets: tickets, replacing: context, now: now)
      state.withLock { state in
        state.settings = settings
        state.context = context
        state.stamps = stamps
      }
      tell(context)
      return true
    } catch {
      // The files that were refused are not tried again until they change.
      state.withLock { $0.stamps = stamps }
      log.error("tls_reload_refused", ("listener", .string(listener)), ("detail", .string("\(error); the certificates in force stay")))
      return false
    }
  }

  /// Reloads where a file has changed, and says once a day which certificates end soon. Looks at files: not for an event loop.
  package func refresh() {
    let (settings, stamps) = state.withLock { ($0.settings, $0.stamps) }
    if Self.stamps(settings) != stamps { reload() }
    tally.report(listener, to: log)
    let time = now()
    guard state.withLock({ time - $0.warnedAt >= .days(1) }) else { return }
    state.withLock { $0.warnedAt = time }
    for certificate in certificates where certificate.notAfter - time < Self.timeToRenew { tell(certificate, at: time) }
  }

  private func tell(_ context: TLSContext) {
    let time = now()
    for certificate in context.certificates { tell(certificate, at: time) }
    for warning in context.warnings { log.warning("tls_warning", ("listener", .string(listener)), ("detail", .string(warning))) }
  }

  private func tell(_ certificate: ServerCertificate, at time: Instant) {
    log.info(
      "tls_certificate", ("listener", .string(listener)), ("names", .string(certificate.title)), ("key", .string(certificate.keyType)),
      ("sha256", .string(certificate.fingerprint)), ("expires", .string(certificate.notAfter.rfc3339())))
    let days = certificate.daysLeft(at: time)
    guard certificate.notAfter - time < Self.timeToRenew else { return }
    log.warning("tls_certificate_ends", ("names", .string(certificate.title)), ("days_left", .integer(days)))
  }

  private static func stamps(_ settings: TLSSettings) -> [String: TLSFile.Stamp] {
    Dictionary(settings.files.map { ($0, TLSFile.Stamp($0)) }) { first, _ in first }
  }
}
